//! Names and ids in paths and queries.

use shipway_engine::project::Project;
use shipway_pipeline::access::Action;
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::push::printable;

use crate::caller::Caller;
use crate::problem::Problem;
use crate::shared::Shared;

/// A page without a wish.
const USUAL: usize = 50;

/// The longest page.
const MOST: usize = 200;

/// An environment that the caller may do something with. One that is out of reach and one that is
/// not there are told apart only to those who may see all.
pub(super) fn environment<'a>(
    project: &'a Project,
    caller: &Caller,
    action: Action,
    name: &str,
) -> Result<&'a Environment, Problem> {
    let missing = || Problem::not_found(format!("there is no environment `{}`", printable(name)));
    let known: EnvironmentName = name.parse().map_err(|_| missing())?;
    caller.check(action, Some(&known))?;
    let leftover = || match action {
        Action::View => project.config.leftovers.get(&known),
        Action::Deploy | Action::Approve | Action::Administer => None,
    };
    let found = project.config.environments.get(&known);
    found.or_else(leftover).ok_or_else(missing)
}

/// The one environment whose records are wanted, where it is one.
pub(super) async fn only(
    shared: &Shared,
    caller: &Caller,
    name: Option<&str>,
) -> Result<Option<EnvironmentName>, Problem> {
    let Some(name) = name else { return Ok(None) };
    let project = shared.current_project().await?;
    let found = environment(&project, caller, Action::View, name)?;
    Ok(Some(found.name.clone()))
}

/// How many are on a page.
pub(super) fn page(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(USUAL).clamp(1, MOST)
}
