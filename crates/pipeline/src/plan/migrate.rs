//! Migrations by themselves: what is live stays live.

use super::alone::Alone;
use super::make::quick;
use super::{Action, Kind, Note, Occupant, Plan, Stage, Step};
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
    let alone = Alone {
        deployment: facts.deployment,
        config: facts.config,
        environment: facts.environment,
        live: facts.with,
        workload: facts.workload,
    };
    Plan {
        migrations: facts.outlook.cloned(),
        notes: facts.notes.to_vec(),
        ..alone.plan(Kind::Migrate, steps)
    }
}
