//! Testing: the storefront's own suite inside of its image, against a real PostgreSQL.

use anyhow::Result;

use super::Setting;
use super::project::Project;

pub(super) fn run(setting: &Setting<'_>) -> Result<()> {
    let project = Project::begin(setting, "testing", &[], &[])?;
    project.build(&["tests"])?;
    project.task("tests", &[])?;
    project.remove()
}
