//! Labels on what a document makes.

use std::collections::BTreeMap;

use super::edit::{entries_mut, mapping_at, set_text};
use crate::yaml::Node;

/// Labels by their names.
pub type Labels = BTreeMap<String, String>;

/// Puts labels on every service, over those that a service has.
///
/// They are containers' labels: `deploy.labels`, which an engine never puts on
/// a container, stays as it is.
pub fn label(document: &mut Node, labels: impl Fn(&str) -> Labels) {
    for (name, service) in entries_mut(document, "services") {
        let given = labels(name);
        if given.is_empty() {
            continue;
        }
        let own = mapping_at(service, "labels");
        for (key, value) in given {
            set_text(own, &key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn labels_go_over_those_that_are_there() {
        let mut document = document(
            "
services:
  web: {image: web, labels: {team: shop, app.release: old}}
  db: {image: db}
",
        );
        label(&mut document, |name| {
            let mut labels = Labels::from([("app.service".to_owned(), name.to_owned())]);
            if name == "web" {
                labels.insert("app.release".to_owned(), "r1".to_owned());
            }
            labels
        });
        assert_same(
            &document,
            "
services:
  web: {image: web, labels: {team: shop, app.release: r1, app.service: web}}
  db: {image: db, labels: {app.service: db}}
",
        );
    }
}
