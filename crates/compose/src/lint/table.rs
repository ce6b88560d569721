//! The lints, and from which stage on each matters.

use super::subject::View;
use super::{
    Context, Stage, command, container_name, credential, health, host, image, limits, links, port,
    protection, restart, secret, source_mount, unused, volume,
};
use crate::Loaded;
use crate::diagnostic::Diagnostic;

type Check = fn(&View<'_>) -> Vec<Diagnostic>;

const LINTS: [(Stage, Check); 23] = [
    (Stage::Development, health::weak_dependency),
    (Stage::Development, port::taken),
    (Stage::Development, port::contested),
    (Stage::Development, container_name::shared),
    (Stage::Development, links::obsolete),
    (Stage::Development, unused::definitions),
    (Stage::Testing, health::missing),
    (Stage::Testing, image::floating),
    (Stage::Testing, source_mount::of_source),
    (Stage::Testing, command::migrates),
    (Stage::Testing, command::for_development),
    (Stage::Testing, port::public_data),
    (Stage::Production, limits::missing),
    (Stage::Production, restart::missing),
    (Stage::Production, secret::plain),
    (Stage::Production, volume::missing),
    (Stage::Production, host::privileges),
    (Stage::Production, host::socket),
    (Stage::Production, credential::guessable),
    (Stage::Production, credential::committed),
    (Stage::Production, protection::debug),
    (Stage::Production, protection::hosts),
    (Stage::Production, protection::transport),
];

/// Returns what is valid in a project, and bites later.
#[must_use]
pub fn lint(loaded: &Loaded, context: &Context<'_>) -> Vec<Diagnostic> {
    let view = View::new(loaded, context);
    LINTS
        .iter()
        .filter(|(stage, _)| context.stage >= *stage)
        .flat_map(|(_, check)| check(&view))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::{context, loaded};

    const CARELESS: &str = "
services:
  web:
    build: .
    image: shop
    volumes: ['.:/app']
    environment: { SECRET_KEY: abcdef }
";

    #[test]
    fn development_hears_of_nothing_that_is_right_there() {
        let loaded = loaded(CARELESS);
        let mut context = context();
        context.stage = Stage::Development;
        assert_eq!(lint(&loaded, &context), []);
        context.stage = Stage::Production;
        assert!(lint(&loaded, &context).len() > 3);
    }

    #[test]
    fn every_finding_has_a_place_and_a_way_out() {
        for finding in lint(&loaded(CARELESS), &context()) {
            assert!(!finding.labels.is_empty(), "{finding:?}");
            assert!(finding.help.is_some(), "{finding:?}");
        }
    }
}
