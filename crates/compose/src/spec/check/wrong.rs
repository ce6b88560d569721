//! What to say of a value that is not what it must be.

use super::Checker;
use super::place::Place;
use crate::diagnostic::Code;
use crate::spec::shape::Shape;
use crate::yaml::Node;

impl Checker {
    /// Complains about the text of a value, or about its type.
    pub(super) fn wrong(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let is_of_scalars = matches!(
            shape,
            Shape::Flag
                | Shape::External
                | Shape::Integer(..)
                | Shape::Fraction
                | Shape::Bytes
                | Shape::Published
                | Shape::Count
                | Shape::Ulimit
        );
        match node.as_str() {
            Some(text) if is_of_scalars => {
                let message = format!(
                    "`{}` must be {}, not `{text}`",
                    place.name(),
                    expected(shape)
                );
                self.push(Code::WrongValue, message, node.span, None);
            }
            _ => self.wrong_type(node, shape, place),
        }
    }

    pub(super) fn wrong_type(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let name = place.name();
        let expected = expected(shape);
        let message = format!("`{name}` must be {expected}, not {}", node.kind());
        let help = match (expected, node.as_str()) {
            ("a text", Some(text)) => Some(format!("write it in quotes: `\"{text}\"`")),
            (_, None) if node.is_null() => Some("give it a value, or remove the key".to_owned()),
            _ => None,
        };
        self.push(Code::WrongType, message, node.span, help);
    }
}

/// Says what a value must be.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::TextOrNull | Shape::Word(_) | Shape::Matching(..) => "a text",
        Shape::Scalar => "a text, a number or a boolean",
        Shape::Flag | Shape::External => "`true` or `false`",
        Shape::Integer(0, _) => "a whole number, not below 0",
        Shape::Integer(i64::MIN, _) => "a whole number",
        Shape::Integer(..) => "a whole number from -1000 to 1000",
        Shape::Fraction => "a number",
        Shape::Bytes => "a size like `64m`",
        Shape::Duration => "a duration like `1m30s`",
        Shape::Command => "a text or a list of texts",
        Shape::HealthTest => "a text or a list of texts",
        Shape::Pairs(_) => "a mapping or a list of `KEY=value`",
        Shape::Options
        | Shape::Ignored
        | Shape::Keys(_)
        | Shape::KeysOrNull(_)
        | Shape::Named(..) => "a mapping",
        Shape::Agents => "a list of `ID=path` or a mapping",
        Shape::Hosts => "a mapping or a list of `HOST=ADDRESS`",
        Shape::NamedOrList(_) => "a list of names or a mapping",
        Shape::List(_) | Shape::Set(_) => "a list",
        Shape::WordOrList(..) => "`all` or a list",
        Shape::OneOrMany | Shape::ShortOrList(_) => "a text or a list",
        Shape::Short(..) => "a text or a mapping",
        Shape::ShortOrNumber(..) => "a text, a number or a mapping",
        Shape::Ulimit => "a whole number, or `soft` and `hard`",
        Shape::Count => "`all` or a whole number",
        Shape::Published => "a port or a range of ports",
    }
}
