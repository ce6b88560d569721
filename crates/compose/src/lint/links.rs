//! Keys of older formats that newer ones replace.

use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// `links`, which networks made unnecessary.
pub(super) fn obsolete(view: &View<'_>) -> Vec<Diagnostic> {
    let linked = view
        .subjects
        .iter()
        .filter(|one| one.node.get("links").is_some_and(|node| !node.is_null()));
    linked
        .map(|subject| {
            let message = format!("`links` of service `{}` is obsolete", subject.name());
            let help = "remove it: services of one network reach each other by name; \
                        an alias goes below `networks`, an order into `depends_on`";
            subject
                .found(Code::ObsoleteKey, "links", message)
                .with_help(help)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn links_are_obsolete() {
        let text = "
  web: {image: a, links: [db]}
  db: {image: b}";
        assert_eq!(
            messages(obsolete, text),
            ["`links` of service `web` is obsolete"]
        );
    }
}
