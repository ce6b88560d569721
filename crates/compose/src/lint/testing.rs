//! Projects for the tests of lints.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::View;
use super::{Context, Role, Stage};
use crate::diagnostic::{Color, Diagnostic};
use crate::{Loaded, Request, SourceFile, load};

/// Loads a file; `SET` is the only variable that is set, and `.env` the only other file.
pub(super) fn loaded(text: &str) -> Loaded {
    let file = SourceFile {
        name: "compose.yml".to_owned(),
        text: text.to_owned(),
    };
    let variables = |name: &str| (name == "SET").then(|| "from outside".to_owned());
    let mut read = |_: &str| Ok("API_TOKEN=from-a-file-1\n".to_owned());
    let files = [file];
    let request = Request::new(&files, "/project").with_variables(&variables);
    load(&request, &mut read).unwrap_or_else(|error| panic!("{}", error.render(Color::Never)))
}

/// Production, with the roles that names suggest.
pub(super) fn context() -> Context<'static> {
    Context {
        stage: Stage::Production,
        roles: BTreeMap::from([
            ("web", Role::Routed),
            ("worker", Role::Coloured),
            ("db", Role::Stateful),
            ("adminer", Role::Shared),
        ]),
        routed_port: Some(8000),
        is_probed: true,
        listen: Some(80),
        directory: "/project",
        variables: BTreeMap::new(),
        examples: BTreeMap::new(),
        committed: BTreeSet::new(),
    }
}

/// Returns the messages of one lint for these services.
pub(super) fn messages(check: fn(&View<'_>) -> Vec<Diagnostic>, services: &str) -> Vec<String> {
    messages_in(&context(), check, services)
}

/// Returns the messages of one lint for these services in another context.
pub(super) fn messages_in(
    context: &Context<'_>,
    check: fn(&View<'_>) -> Vec<Diagnostic>,
    services: &str,
) -> Vec<String> {
    let loaded = loaded(&format!("services:\n{services}\nvolumes: {{data: {{}}}}\n"));
    check(&View::new(&loaded, context))
        .into_iter()
        .map(|diagnostic| diagnostic.message)
        .collect()
}
