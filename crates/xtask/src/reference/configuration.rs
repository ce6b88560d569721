//! The page of all keys of `shipway.yml`.

use shipway_pipeline::config;

const HEAD: &str = "\
# shipway.yml

Names the project, says what each Compose service is to a deployment, and lists the environments \
with their files, routes and rules.

The same is known to editors through the JSON Schema [`schema/shipway.schema.json`](../../schema/shipway.schema.json), \
which `shipway config --schema` prints as well. `shipway init` puts a copy into `.shipway/`, and \
into `shipway.yml` the line by which editors with a YAML language server find it, without a \
network. `shipway config --defaults` prints what is below, `shipway config ENVIRONMENT` what \
holds for an environment.

";

/// Makes the page.
pub(crate) fn configuration() -> String {
    super::page(&format!("{HEAD}{}", config::reference::markdown()))
}
