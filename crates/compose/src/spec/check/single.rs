//! The check of single values.

use super::Checker;
use super::place::{Place, Step};
use crate::diagnostic::{Code, did_you_mean};
use crate::short::{duration, port};
use crate::spec::shape::Shape;
use crate::spec::{flag, short, size, whole};
use crate::yaml::{Node, Number, ScalarKind};

impl Checker {
    pub(super) fn scalar(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let Some(scalar) = node.as_scalar() else {
            return self.wrong_type(node, shape, place);
        };
        let text = scalar.text.as_str();
        let is_text = scalar.kind() == ScalarKind::String;
        let number = scalar.as_number();
        match shape {
            Shape::Text | Shape::TextOrNull | Shape::OneOrMany | Shape::HealthTest if is_text => {}
            Shape::Command if is_text => self.command(node, text, place),
            Shape::Scalar => {}
            Shape::Word(words) if is_text => self.word(node, text, words, place),
            Shape::Matching(matches, rule) if is_text => {
                if !matches(text) {
                    self.mismatch(node, text, rule, place);
                }
            }
            Shape::Flag | Shape::External => {
                if flag(node).is_none() {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Integer(least, most) => {
                let bounds = i128::from(*least)..=i128::from(*most);
                let whole = whole(node);
                if !whole.is_some_and(|number| bounds.contains(&number)) {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Fraction if number.is_some_and(is_finite) => {}
            Shape::Bytes => {
                if size(node).is_none() {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Duration => self.duration(node, text, is_text, place),
            Shape::Count if text.eq_ignore_ascii_case("all") || whole(node).is_some() => {}
            Shape::Ulimit if whole(node).is_some() => {}
            Shape::Short(check, _) if is_text => self.short(node, check(text), place),
            Shape::ShortOrNumber(check, _) => {
                self.ports += port::count(text);
                if self.ports > port::MAX_PORTS {
                    let message = "the port ranges of all services stand for too many ports";
                    self.push(Code::WrongPort, message.to_owned(), node.span, None);
                } else {
                    self.short(node, check(text), place);
                }
            }
            Shape::Published => {
                if !short::is_published(text) {
                    self.wrong(node, shape, place);
                }
            }
            _ => self.wrong(node, shape, place),
        }
    }

    pub(super) fn command(&mut self, node: &Node, text: &str, place: &Place<'_>) {
        if shell_words::split(text).is_err() {
            let message = format!("`{}` has a quote that is never closed", place.name());
            self.push(Code::WrongValue, message, node.span, None);
        }
    }

    pub(super) fn word(&mut self, node: &Node, text: &str, words: &[&str], place: &Place<'_>) {
        if words.contains(&text) {
            return;
        }
        let message = match place.step {
            Step::Key("condition") => format!("`{text}` is no condition"),
            Step::Key("type") => format!("`{text}` is no type of mount"),
            _ => format!("`{}` cannot be `{text}`", place.name()),
        };
        let help = did_you_mean(text, words.iter().copied())
            .unwrap_or_else(|| format!("it is one of `{}`", words.join("`, `")));
        self.push(Code::WrongValue, message, node.span, Some(help));
    }

    pub(super) fn mismatch(&mut self, node: &Node, text: &str, rule: &str, place: &Place<'_>) {
        let (code, message) = match place.name().as_str() {
            "name" => (
                Code::WrongName,
                format!("`{text}` is no name for a project"),
            ),
            name => (Code::WrongValue, format!("`{name}` cannot be `{text}`")),
        };
        self.push(code, message, node.span, Some(rule.to_owned()));
    }

    pub(super) fn duration(&mut self, node: &Node, text: &str, is_text: bool, place: &Place<'_>) {
        if is_text && duration::parse(text).is_some() {
            return;
        }
        let message = format!(
            "`{}` must be a duration like `1m30s`, not `{text}`",
            place.name()
        );
        let seconds = format!("{text}s");
        let help = duration::parse(&seconds).map(|_| format!("did you mean `{seconds}`?"));
        self.push(Code::WrongValue, message, node.span, help);
    }

    pub(super) fn short(&mut self, node: &Node, outcome: Result<(), String>, place: &Place<'_>) {
        if let Err(reason) = outcome {
            let name = place.name();
            let code = if name.contains(".ports[") {
                Code::WrongPort
            } else {
                Code::WrongMount
            };
            let (reason, help) = match reason.split_once(": ") {
                Some((reason, help)) => (reason.to_owned(), Some(help.to_owned())),
                None => (reason, None),
            };
            self.push(code, format!("`{name}`: {reason}"), node.span, help);
        }
    }
}

fn is_finite(number: Number) -> bool {
    match number {
        Number::Integer(_) => true,
        Number::Float(number) => number.is_finite(),
    }
}
