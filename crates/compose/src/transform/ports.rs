//! Host ports, which two colours cannot both have.

use super::edit::{entries, entries_mut};
use crate::yaml::{Node, Span, Value};

/// Takes the host ports away from a service: from then on only the proxy reaches it.
///
/// Its ports stay known to the engine as `expose`d ones.
pub fn unpublish(document: &mut Node, service: &str) {
    let Some((_, service)) = entries_mut(document, "services").find(|(name, _)| *name == service)
    else {
        return;
    };
    let Some(ports) = service.remove("ports") else {
        return;
    };
    let mut exposed = match service.remove("expose").map(|node| node.value) {
        Some(Value::Sequence(items)) => items,
        _ => Vec::new(),
    };
    for port in ports.as_sequence().unwrap_or_default() {
        let Some(exposed_port) = expose(port) else {
            continue;
        };
        let is_new = exposed
            .iter()
            .all(|known| known.as_str() != Some(exposed_port.as_str()));
        if is_new {
            exposed.push(Node::string(exposed_port, port.span));
        }
    }
    let span = ports.span;
    service.insert("expose", span, Node::sequence(exposed, span));
}

/// Returns the host ports of a service, as written, with their places.
///
/// A port that lets the engine choose the host's is none.
pub fn published<'n>(
    document: &'n Node,
    service: &'n str,
) -> impl Iterator<Item = (&'n str, Span)> {
    entries(document, "services")
        .filter(move |(name, _)| *name == service)
        .filter_map(|(_, service)| service.get("ports")?.as_sequence())
        .flatten()
        .filter_map(|port| {
            let published = port.get("published")?.as_str()?;
            (!published.is_empty() && published != "0").then_some((published, port.span))
        })
}

/// Returns a port as `expose` writes it: `8000`, `53/udp`.
fn expose(port: &Node) -> Option<String> {
    let target = port.get("target")?.as_str()?;
    match port.get("protocol").and_then(Node::as_str) {
        None | Some("tcp") => Some(target.to_owned()),
        Some(protocol) => Some(format!("{target}/{protocol}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    const DOCUMENT: &str = "
services:
  web:
    expose: ['8000']
    ports:
      - {mode: ingress, target: 8000, published: '80', protocol: tcp}
      - {mode: ingress, target: 53, published: '53', protocol: udp}
      - {mode: ingress, target: 9000, protocol: tcp}
  db:
    ports: [{mode: ingress, target: 5432, published: '5432', protocol: tcp}]
";

    #[test]
    fn ports_become_exposed_ones_of_that_service_alone() {
        let mut document = document(DOCUMENT);
        unpublish(&mut document, "web");
        unpublish(&mut document, "nobody");
        assert_same(
            &document,
            "
services:
  web:
    expose: ['8000', 53/udp, '9000']
  db:
    ports: [{mode: ingress, target: 5432, published: '5432', protocol: tcp}]
",
        );
    }

    #[test]
    fn host_ports_are_told_with_their_places() {
        let document = document(DOCUMENT);
        let seen: Vec<(&str, u32)> = published(&document, "web")
            .map(|(port, span)| (port, span.line))
            .collect();
        assert_eq!(seen, [("80", 6), ("53", 7)]);
    }
}
