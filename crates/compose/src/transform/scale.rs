//! How many instances of a service.

use super::edit::{entries_mut, mapping_at, set};
use crate::yaml::{Node, Span};

/// Makes a service run with this many instances.
///
/// `scale` goes, because it would win over `deploy.replicas`.
pub fn scale(document: &mut Node, service: &str, replicas: u32) {
    let Some((_, service)) = entries_mut(document, "services").find(|(name, _)| *name == service)
    else {
        return;
    };
    service.remove("scale");
    let deploy = mapping_at(service, "deploy");
    set(
        deploy,
        "replicas",
        Node::plain(replicas.to_string(), Span::default()),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn the_size_is_set_in_one_place() {
        let mut document = document(
            "services: {web: {scale: 2, deploy: {resources: {limits: {cpus: 1}}}}, db: {image: db}}\n",
        );
        scale(&mut document, "web", 4);
        scale(&mut document, "db", 1);
        assert_same(
            &document,
            "
services:
  web: {deploy: {resources: {limits: {cpus: 1}}, replicas: 4}}
  db: {image: db, deploy: {replicas: 1}}
",
        );
    }
}
