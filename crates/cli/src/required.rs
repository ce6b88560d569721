//! The gates that an environment asks for, before anything is deployed to it.

use shipway_engine::gates::{GateRequest, GateResult};
use shipway_engine::git::Repository;
use shipway_pipeline::config::Environment;
use shipway_pipeline::gate::Verdict;
use shipway_pipeline::name::GateName;
use shipway_pipeline::release::Release;

use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// Makes sure that a commit passed them: those that it did not pass yet are run.
pub(crate) async fn pass(
    context: &Context,
    environment: &Environment,
    repository: &Repository,
    commit: &str,
    release: Option<&Release>,
) -> Result<()> {
    if environment.gates.is_empty() {
        return Ok(());
    }
    let commit = repository.commit(commit)?;
    let request = GateRequest {
        project: &context.project,
        repository,
        commit: &commit,
        wanted: &environment.gates,
        anew: false,
        environment: Some(environment),
        release,
    };
    let results = context.engine.run_gates(&context.runtimes, &request).await;
    let results = results.map_err(|error| CliError::of(Kind::Failed, &error))?;
    let against: Vec<(&GateName, &Verdict)> = results.iter().filter_map(against).collect();
    let Some((first, _)) = against.first() else {
        return Ok(());
    };
    let short = commit.id.get(..12).unwrap_or(&commit.id);
    let told: Vec<String> = against
        .iter()
        .map(|(gate, verdict)| format!("gate `{gate}` {verdict}"))
        .collect();
    let told = format!(
        "`{}` does not take {short}: {}",
        environment.name,
        told.join("; ")
    );
    let hint = format!("`shipway gates explain {first} --commit {short}` shows what it wrote");
    Err(CliError::new(Kind::Refused, told).hint(hint))
}

/// What a gate has against the commit; nothing where it passed or was not asked.
fn against(result: &GateResult) -> Option<(&GateName, &Verdict)> {
    let verdict = result.verdict.as_ref()?;
    (!verdict.is_pass()).then_some((&result.gate, verdict))
}
