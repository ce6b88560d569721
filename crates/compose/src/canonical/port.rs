//! `ports` in their long form.

use super::edit::{mapping_at, set_default};
use crate::short::port::{self, Single};
use crate::yaml::{Node, Span};

/// Gives every port its long form; a range becomes several.
///
/// `left` says for how many there is room.
pub(super) fn lengthen(items: Vec<Node>, left: &mut usize) -> Vec<Node> {
    let mut ports = Vec::new();
    for item in items {
        let count = item.as_str().map_or(0, port::count);
        let fits = count <= *left;
        *left = left.saturating_sub(count);
        let singles = item
            .as_scalar()
            .filter(|_| fits)
            .and_then(|scalar| port::expand(&scalar.value_text()).ok());
        match singles {
            Some(singles) => ports.extend(singles.into_iter().map(|port| long(port, item.span))),
            None => ports.push(with_defaults(item)),
        }
    }
    ports
}

fn long(port: Single, span: Span) -> Node {
    let text = |text: String| Node::string(text, span);
    let mut entries = vec![("mode", text("ingress".to_owned()))];
    entries.extend(port.host_ip.map(|ip| ("host_ip", text(ip))));
    entries.push(("target", Node::plain(port.target.to_string(), span)));
    entries.extend(port.published.map(|port| ("published", text(port))));
    entries.push(("protocol", text(port.protocol)));
    Node::mapping(mapping_at(span, entries), span)
}

fn with_defaults(mut item: Node) -> Node {
    let span = item.span;
    if let Some(mapping) = item.as_map_mut() {
        set_default(mapping, "protocol", span, "tcp");
        set_default(mapping, "mode", span, "ingress");
    }
    item
}
