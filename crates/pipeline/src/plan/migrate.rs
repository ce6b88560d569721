//! Migrations by themselves: what is live stays live.

use super::make::quick;
use super::{Action, Kind, Note, Occupant, Plan, Revert, RoutePlan, Stage, Step, VERSION};
use crate::config::{Config, Environment, Migrate};
use crate::id::DeploymentId;
use crate::migration::{Outlook, Run};
use crate::workload::Workload;

/// What is known before migrations are run by themselves.
#[derive(Debug, Clone, Copy)]
pub struct MigrationFacts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// Whose artifact has the migrations.
    pub with: &'a Occupant,
    /// What it runs.
    pub workload: &'a Workload,
    /// The command that migrates.
    pub migrate: &'a Migrate,
    /// How it is run.
    pub run: &'a Run,
    /// What is pending, where that is what they are run for.
    pub outlook: Option<&'a Outlook>,
    /// What a reader should know.
    pub notes: &'a [Note],
}

/// Plans to run migrations, forwards or backwards, and nothing else.
///
/// There is nothing to go back to: what was applied when one fails is applied, and is told.
pub fn make_migration(facts: &MigrationFacts<'_>) -> Plan {
    let environment = facts.environment;
    let steps = vec![
        quick(Stage::Preparing, Action::CheckArtifact),
        Step {
            stage: Stage::Preparing,
            action: Action::Migrate {
                service: facts.migrate.service.clone(),
                command: facts.migrate.command.clone(),
                run: Some(Box::new(facts.run.clone())),
            },
            deadline: facts.migrate.timeout,
            makes_live: None,
            resizes: None,
        },
    ];
    Plan {
        version: VERSION,
        deployment: facts.deployment,
        kind: Kind::Migrate,
        project: facts.config.project.clone(),
        environment: environment.name.clone(),
        strategy: environment.strategy,
        target: facts.with.clone(),
        previous: None,
        route: RoutePlan {
            listen: environment.route.listen,
            hosts: environment.route.hosts.clone(),
            service: facts.workload.routed.clone(),
        },
        probe: None,
        adoption: None,
        migrations: facts.outlook.cloned(),
        revert: Revert {
            touched_from: steps.len(),
            untouched: Vec::new(),
            touched: Vec::new(),
        },
        steps,
        notes: facts.notes.to_vec(),
    }
}
