//! Networks and volumes that somebody else makes and keeps.

use super::edit::{entries_mut, set, set_text};
use crate::yaml::{Mapping, Node, Span};

/// Makes services join networks of other names, which exist already.
///
/// `name` gets the complete name of each network of the document and returns
/// the one to join; networks that are external anyway are left alone. Services
/// go on calling the network by the key that they know, and each other by the
/// names that they know: a colour's services resolve to its own instances
/// because the network is its own, not because they are called differently.
pub fn join_networks(document: &mut Node, name: impl Fn(&str) -> String) {
    make_external(document, "networks", name);
}

/// Makes services use volumes that exist already, under their complete names.
///
/// Removing the project can then never remove its data.
pub fn keep_volumes(document: &mut Node) {
    make_external(document, "volumes", str::to_owned);
}

fn make_external(document: &mut Node, section: &str, rename: impl Fn(&str) -> String) {
    for (key, entry) in entries_mut(document, section) {
        if entry.get("external").and_then(Node::as_bool) == Some(true) {
            continue;
        }
        let name = entry.get("name").and_then(Node::as_str).unwrap_or(key);
        let name = rename(name);
        let mut external = Mapping::new();
        set_text(&mut external, "name", name);
        set(
            &mut external,
            "external",
            Node::plain("true", Span::default()),
        );
        *entry = external;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn networks_get_the_names_given_and_external_ones_stay() {
        let mut document = document(
            "
networks:
  default: {name: shop_default, driver: bridge}
  metrics: {name: metrics, external: true}
",
        );
        join_networks(&mut document, |name| format!("{name}_blue"));
        assert_same(
            &document,
            "
networks:
  default: {name: shop_default_blue, external: true}
  metrics: {name: metrics, external: true}
",
        );
    }

    #[test]
    fn volumes_keep_their_names() {
        let mut document = document("volumes: {data: {name: shop_data, labels: {a: b}}}\n");
        keep_volumes(&mut document);
        assert_same(
            &document,
            "volumes: {data: {name: shop_data, external: true}}\n",
        );
    }
}
