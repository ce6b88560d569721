//! Environments of branches that somebody names: `development/feature/cart`.

use shipway_engine::clock::now;
use shipway_engine::git::Repository;
use shipway_pipeline::branch::{self, BranchEnvironment};
use shipway_pipeline::push::Reference;

use crate::commands::deploy::HEAD;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// The environment of a branch that is meant by a name: one that is open, or one that could be
/// opened for the branch that is named behind a template. `None` where it is another environment's.
pub(crate) fn find(context: &Context, name: &str) -> Result<Option<BranchEnvironment>> {
    let known = context.engine.store.branch_environments()?;
    if let Some(present) = known.iter().find(|one| one.name.as_str() == name) {
        if context.project.config.leftovers.contains_key(&present.name) {
            let told = format!(
                "`{name}` is left over: its template `{}` is no longer in shipway.yml",
                present.template
            );
            return Err(CliError::new(Kind::NotAllowed, told)
                .hint(format!("`shipway down {name} --volumes` removes it")));
        }
        return Ok(Some(BranchEnvironment {
            used: now(),
            ..present.clone()
        }));
    }
    let Some((template, branch)) = name.split_once('/') else {
        return Ok(None);
    };
    let template = context.project.environment_or_template(template)?;
    let Some(rules) = &template.per_branch else {
        return Ok(None);
    };
    // Taken only if it is the name of a branch that a push could have as well.
    let reference = format!("refs/heads/{branch}").parse::<Reference>();
    reference.map_err(CliError::usage)?;
    let place = branch::admit(template, rules, &known, branch)
        .map_err(|refusal| CliError::new(Kind::NotAllowed, refusal))?;
    if let Some(displaced) = &place.displaces {
        let told = format!(
            "`{}` is full: `{displaced}` would have to go",
            template.name
        );
        return Err(CliError::new(Kind::NotAllowed, told)
            .hint(format!("`shipway down {displaced} --volumes` removes it")));
    }
    let now = now();
    Ok(Some(BranchEnvironment {
        name: place.name,
        template: place.template,
        branch: branch.to_owned(),
        created: now,
        used: now,
        is_leaving: false,
    }))
}

/// What is deployed where nothing else is asked for: the branch, or what is checked out where the
/// project's repository does not have it.
pub(crate) fn tip<'a>(context: &Context, place: &'a BranchEnvironment) -> Result<&'a str> {
    let repository = Repository::find(&context.project.directory)?;
    let has_it = repository.commit(&place.branch).is_ok();
    Ok(if has_it { &place.branch } else { HEAD })
}
