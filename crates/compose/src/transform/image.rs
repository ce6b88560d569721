//! Exactly these images.

use std::collections::BTreeMap;

use super::edit::{entries_mut, set_text};
use crate::yaml::Node;

/// Makes services run exactly the images given, by service, and builds none.
///
/// An image is a reference with a digest, or an image's id. `pull_policy` goes
/// as well: what a digest names need not be looked for again.
pub fn pin(document: &mut Node, images: &BTreeMap<String, String>) {
    for (name, service) in entries_mut(document, "services") {
        if let Some(image) = images.get(name) {
            set_text(service, "image", image);
            service.remove("build");
            service.remove("pull_policy");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn a_service_runs_the_image_given_and_others_stay() {
        let mut document = document(
            "
services:
  web: {image: 'shop:dev', build: {context: /srv}, pull_policy: build}
  db: {image: 'postgres:17'}
",
        );
        let image = "shop@sha256:0f0f".to_owned();
        pin(&mut document, &BTreeMap::from([("web".to_owned(), image)]));
        assert_same(
            &document,
            "
services:
  web: {image: 'shop@sha256:0f0f'}
  db: {image: 'postgres:17'}
",
        );
    }
}
