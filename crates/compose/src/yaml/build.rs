//! The tree from the scanner's events.

mod refusal;

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

use self::refusal::{bad_key, duplicate, not_mergeable, second_document, unexpected};
use super::position::Positions;
use super::scalar::is_null;
use super::{Limits, Mapping, Node, Scalar, Span, Tag, Value, merge_key};
use crate::diagnostic::{Code, Diagnostic};

/// Reads one YAML document.
///
/// `source` is the number of the text in
/// [`Sources`](crate::diagnostic::Sources). A text without content gives a null.
///
/// # Errors
///
/// Returns every key that is there twice, or the first place where the text is
/// no YAML, goes over the limits or starts a second document.
pub fn parse(text: &str, source: u16, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        parser: Parser::new_from_str(content),
        positions: Positions::new(content, source, text.len() - content.len()),
        text: content,
        anchors: HashMap::new(),
        limits,
        used: Size::default(),
        duplicates: Vec::new(),
    };
    match builder.stream() {
        Ok(node) if builder.duplicates.is_empty() => Ok(node),
        Ok(_) => Err(builder.duplicates),
        Err(diagnostic) => {
            builder.duplicates.push(*diagnostic);
            Err(builder.duplicates)
        }
    }
}

// Boxed: the error is large and the success path is walked for every node.
type Fatal = Box<Diagnostic>;
type EventTag<'t> = Option<std::borrow::Cow<'t, saphyr_parser::Tag>>;

struct Builder<'t> {
    parser: Parser<'t, StrInput<'t>>,
    positions: Positions,
    text: &'t str,
    /// Finished nodes by the number of their anchor.
    anchors: HashMap<usize, (Node, Size)>,
    limits: Limits,
    used: Size,
    duplicates: Vec<Diagnostic>,
}

/// What a subtree costs when an alias repeats it.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
    depth: usize,
}

// === impl Builder ===

impl<'t> Builder<'t> {
    fn stream(&mut self) -> Result<Node, Fatal> {
        let mut root = Node::default();
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(second_document(span));
                    }
                }
                event => root = self.node(event, span, 0)?.0,
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Fatal> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.positions.span(span))),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(Node, Size), Fatal> {
        self.charge(
            Size {
                nodes: 1,
                text: 0,
                depth,
            },
            span,
        )?;
        let (node, size, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let size = Size {
                    nodes: 1,
                    text: text.len(),
                    depth: 0,
                };
                self.charge(Size { nodes: 0, ..size }, span)?;
                (scalar(text.into_owned(), style, tag, span), size, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let (items, size, end) = self.sequence(span, depth)?;
                let node = Node {
                    tag: kept(tag),
                    ..Node::sequence(items, span.to(end))
                };
                (node, size, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let (mapping, size, end) = self.mapping(span, depth)?;
                let node = Node {
                    tag: kept(tag),
                    ..Node::mapping(mapping, span.to(end))
                };
                (node, size, anchor)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(unexpected(span)),
        };
        if anchor != 0 {
            // The copy kept for aliases is memory as well: nested anchors add up.
            self.charge(Size { depth: 0, ..size }, span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn sequence(&mut self, start: Span, depth: usize) -> Result<(Vec<Node>, Size, Span), Fatal> {
        let mut items = Vec::new();
        let mut size = Size {
            nodes: 1,
            ..Size::default()
        };
        let mut end = start;
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok((items, size, self.closing(end, span)));
            }
            let (node, item) = self.node(event, span, depth + 1)?;
            size.add_child(item);
            end = node.span;
            items.push(node);
        }
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<(Mapping, Size, Span), Fatal> {
        let mut mapping = Mapping::new();
        let mut merged = Vec::new();
        let mut size = Size {
            nodes: 1,
            ..Size::default()
        };
        let mut end = start;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break end = self.closing(end, span);
            }
            let (key, is_merge) = self.key(event, span)?;
            size.text += key.len();
            let (event, value_span) = self.next()?;
            let (node, child) = self.node(event, value_span, depth + 1)?;
            size.add_child(child);
            end = span.to(node.span);
            if is_merge {
                if let Some((first, _)) = merged.first() {
                    self.duplicates.push(duplicate(&key, span, *first));
                }
                merged.push((span, node));
            } else if let Some(first) = mapping.entry(&key) {
                self.duplicates.push(duplicate(&key, span, first.key_span));
            } else {
                mapping.insert(key, span, node);
            }
        }
        for (_, node) in merged {
            merge_key::apply(&mut mapping, node).map_err(not_mergeable)?;
        }
        Ok((mapping, size, end))
    }

    /// Reads a key, and whether it is the merge key.
    fn key(&mut self, event: Event<'t>, span: Span) -> Result<(String, bool), Fatal> {
        let (text, plain) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if anchor != 0 {
                    let node = scalar(text.to_string(), style, tag, span);
                    let size = Size {
                        nodes: 1,
                        text: text.len(),
                        depth: 0,
                    };
                    self.anchors.insert(anchor, (node, size));
                }
                (text.into_owned(), plain)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).and_then(|a| a.0.as_str()) {
                Some(text) => (text.to_owned(), false),
                None => return Err(bad_key(span)),
            },
            _ => return Err(bad_key(span)),
        };
        if plain && text.is_empty() {
            return Err(bad_key(span));
        }
        self.charge(
            Size {
                nodes: 0,
                text: text.len(),
                depth: 0,
            },
            span,
        )?;
        let is_merge = plain && text == "<<";
        Ok((text, is_merge))
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<(Node, Size), Fatal> {
        let Some((_, size)) = self.anchors.get(&anchor) else {
            return Err(Box::new(
                Diagnostic::new(Code::YamlAlias, "an alias stands inside of what it repeats")
                    .with_label(span, "this would never end"),
            ));
        };
        let size = *size;
        self.charge(
            Size {
                depth: depth + size.depth,
                ..size
            },
            span,
        )?;
        self.anchors
            .get(&anchor)
            .map(|(node, _)| (node.clone(), size))
            .ok_or_else(|| unexpected(span))
    }

    fn charge(&mut self, size: Size, span: Span) -> Result<(), Fatal> {
        self.used.nodes += size.nodes;
        self.used.text += size.text;
        let Limits { depth, nodes, text } = self.limits;
        let what = if size.depth > depth {
            format!("nested deeper than {depth} levels")
        } else if self.used.nodes > nodes {
            format!("more than {nodes} values after its aliases are replaced")
        } else if self.used.text > text {
            format!("more than {text} bytes of text after its aliases are replaced")
        } else {
            return Ok(());
        };
        Err(Box::new(
            Diagnostic::new(Code::YamlLimit, format!("the file is too large: {what}"))
                .with_label(span, "the limit is reached here"),
        ))
    }

    /// Returns where a collection ends.
    ///
    /// A block ends where the next thing starts, which may be lines away: its
    /// last child says better where it ends.
    fn closing(&self, last: Span, end: Span) -> Span {
        if end.end > end.start && end.start >= last.end {
            end
        } else {
            last
        }
    }

    fn syntax(&self, error: &ScanError) -> Fatal {
        let span = self.positions.at(error.marker());
        let line = usize::try_from(span.line)
            .unwrap_or_default()
            .saturating_sub(1);
        let tab = self.text.lines().nth(line).is_some_and(|line| {
            line.chars()
                .take_while(|c| c.is_whitespace())
                .any(|c| c == '\t')
        });
        let help = tab.then(|| "indent with spaces: YAML does not allow tabs".to_owned());
        Box::new(
            Diagnostic::new(
                Code::YamlSyntax,
                format!("not valid YAML: {}", error.info()),
            )
            .with_label(span, "")
            .with_help_if_any(help),
        )
    }
}

// === impl Size ===

impl Size {
    fn add_child(&mut self, child: Self) {
        self.nodes += child.nodes;
        self.text += child.text;
        self.depth = self.depth.max(child.depth + 1);
    }
}

fn scalar(text: String, style: ScalarStyle, tag: EventTag<'_>, span: Span) -> Node {
    let plain = style == ScalarStyle::Plain;
    let core = tag
        .as_ref()
        .filter(|tag| tag.is_yaml_core_schema())
        .map(|tag| tag.suffix.as_str());
    // `!!str 80` is the string "80" and `!!int "80"` a number.
    let plain = match core {
        Some("str") => false,
        Some("bool" | "int" | "float" | "null") => true,
        _ => plain,
    };
    let value = match (plain, is_null(&text)) {
        (true, true) => Value::Null,
        (true, false) => Value::Scalar(Scalar::plain(text)),
        (false, _) => Value::Scalar(Scalar::string(text)),
    };
    Node {
        value,
        tag: kept(tag),
        span,
    }
}

fn kept(tag: EventTag<'_>) -> Option<Tag> {
    let tag = tag?;
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        _ if tag.is_yaml_core_schema() => None,
        // The non-specific tag `!` says no more than the quotes do.
        ("" | "!", "" | "!") => None,
        ("!", "reset") => Some(Tag::Reset),
        ("!", "override") => Some(Tag::Override),
        ("!", suffix) => Some(Tag::Other(format!("!{suffix}"))),
        (handle, suffix) => Some(Tag::Other(format!("!<{handle}{suffix}>"))),
    }
}

#[cfg(test)]
mod tests;
