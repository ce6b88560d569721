//! Images whose name means another image tomorrow.

use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// An image that is not built here has no tag, or `latest`.
pub(super) fn floating(view: &View<'_>) -> Vec<Diagnostic> {
    // What can run as a process is built from the project's own files.
    let pulled = view
        .subjects
        .iter()
        .filter(|one| !view.is_built(one) && one.service.process.is_none());
    pulled
        .filter_map(|subject| {
            let image = subject.service.image.as_deref()?;
            let what = match tag(image) {
                Tag::Missing => "no tag",
                Tag::Given("latest") => "the tag `latest`",
                Tag::Given(_) | Tag::Pinned => return None,
            };
            let message = format!(
                "image `{image}` of service `{}` has {what}, so a pull may bring another one",
                subject.name()
            );
            let help = "name a version such as `postgres:17.2`, or a digest";
            Some(
                subject
                    .found(Code::FloatingTag, "image", message)
                    .with_help(help),
            )
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Tag<'a> {
    /// By its digest.
    Pinned,
    Given(&'a str),
    Missing,
}

fn tag(image: &str) -> Tag<'_> {
    if image.contains('@') {
        return Tag::Pinned;
    }
    // A colon before the last slash is a registry's port.
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        Some((_, tag)) => Tag::Given(tag),
        None => Tag::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn tags_are_found_behind_registries_and_digests() {
        assert_eq!(tag("registry:5000/team/shop"), Tag::Missing);
        assert_eq!(tag("registry:5000/team/shop:1.4"), Tag::Given("1.4"));
        assert_eq!(tag("shop:1@sha256:abc"), Tag::Pinned);
    }

    #[test]
    fn images_that_are_pulled_need_a_version() {
        let text = "
  db: {image: postgres}
  cache: {image: 'redis:latest'}
  queue: {image: 'rabbitmq:4'}";
        assert_eq!(
            messages(floating, text),
            [
                "image `postgres` of service `db` has no tag, so a pull may bring another one",
                "image `redis:latest` of service `cache` has the tag `latest`, so a pull may bring another one",
            ]
        );
    }

    #[test]
    fn images_that_are_built_here_are_named_by_the_release() {
        let text = "
  web: {image: shop, build: .}
  worker: {image: shop}
  beat: {image: other, x-shipway: {process: {command: beat}}}";
        assert!(messages(floating, text).is_empty());
    }
}
