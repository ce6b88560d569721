//! Runs migrations by themselves, forwards or backwards: lease, recovery, plan, execution.

use std::sync::Arc;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::config::{Environment, Migrate, Tool};
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::migration::{Manage, Run, Turn};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, Kind, MigrationFacts, Note, Occupant, Plan, make_migration};
use shipway_pipeline::workload::Workload;
use shipway_runtime::{ColourKey, State};
use shipway_store::Lease;

use super::Subject;
use crate::database::DatabaseError;
use crate::deploy::{DeployError, Finished};
use crate::executor::{Engine, ExecutorError, Interrupts};
use crate::git::GitError;
use crate::live::Live;
use crate::project::Project;
use crate::recover::Policy;
use crate::undertake::About;

/// Migrations that are to be run by themselves.
#[derive(Debug, Clone)]
pub struct Migrating<'a> {
    /// The project.
    pub project: &'a Project,
    /// The environment.
    pub environment: &'a Environment,
    /// Which.
    pub what: What,
    /// Wait for an environment that somebody else has, rather than say so.
    pub wait: bool,
    /// The plan that somebody agreed to; anything else is not carried out.
    pub agreed: Option<Plan>,
}

/// Which migrations are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Those that the live release has and the database does not.
    Apply,
    /// Back to what the database had with a release; with the live one where none is named.
    Undo {
        /// The release.
        to: Option<ReleaseId>,
    },
}

/// Why migrations are not run by themselves.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Nothing runs there.
    #[error("nothing is live in `{0}`")]
    NothingLive(EnvironmentName),
    /// It is not known how.
    #[error("`shipway.yml` has no `migrate` command that runs Django's migrations")]
    NoCommand,
    /// The command cannot be told how far to go.
    #[error("`{0}` cannot be told how far to migrate")]
    Whole(String),
    /// No deployment of the release recorded what it left.
    #[error("it is not recorded what the database of `{environment}` had with {release}")]
    NoState {
        /// The release.
        release: ReleaseId,
        /// Where.
        environment: EnvironmentName,
    },
    /// No release that is still there has the migrations.
    #[error("no release that was deployed to `{environment}` has `{name}`")]
    NoRelease {
        /// One of the migrations.
        name: String,
        /// Where.
        environment: EnvironmentName,
    },
    /// Some cannot be taken back.
    #[error("{} cannot be taken back: Django has no reverse of them", .0.join(", "))]
    Irreversible(Vec<String>),
    /// The live release needs what would be gone.
    #[error("{release}, which is live in `{environment}`, needs {}", what.join(", "))]
    Needed {
        /// The release.
        release: ReleaseId,
        /// Where.
        environment: EnvironmentName,
        /// Columns and tables.
        what: Vec<String>,
    },
    /// Instances of another release run.
    #[error("`{instance}` of another release than the live one runs in `{environment}`")]
    Beside {
        /// One of them.
        instance: InstanceId,
        /// Where.
        environment: EnvironmentName,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// git cannot say what the migrations are.
    #[error(transparent)]
    Git(#[from] GitError),
    /// As a deployment.
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

impl From<shipway_store::Error> for MigrateError {
    fn from(error: shipway_store::Error) -> Self {
        Self::Deploy(error.into())
    }
}

impl From<ExecutorError> for MigrateError {
    fn from(error: ExecutorError) -> Self {
        Self::Deploy(error.into())
    }
}

/// What a run needs to be planned.
pub(super) struct Draft {
    /// Whose artifact has the migrations.
    pub(super) with: Occupant,
    pub(super) workload: Workload,
    pub(super) run: Run,
    pub(super) outlook: Option<shipway_pipeline::migration::Outlook>,
    pub(super) notes: Vec<Note>,
}

impl Engine {
    /// Plans to run migrations by themselves, without doing anything; `None` where there are none.
    ///
    /// # Errors
    /// They cannot be run, or not now.
    pub async fn plan_migrations(
        &self,
        migrating: &Migrating<'_>,
    ) -> Result<Option<Plan>, MigrateError> {
        let id = self.store.next_deployment()?;
        self.plan_migrations_as(migrating, id).await
    }

    async fn plan_migrations_as(
        &self,
        migrating: &Migrating<'_>,
        deployment: DeploymentId,
    ) -> Result<Option<Plan>, MigrateError> {
        let (project, environment) = (migrating.project, migrating.environment);
        let migrate = project.config.migrate.as_ref();
        let migrate = migrate.filter(|_| environment.migrations.tool == Tool::Django);
        let migrate = migrate.ok_or(MigrateError::NoCommand)?;
        let live = self.live(project, &environment.name)?;
        let live = live.ok_or_else(|| MigrateError::NothingLive(environment.name.clone()))?;
        let draft = match &migrating.what {
            What::Apply => self.draft_apply(migrating, &live).await?,
            What::Undo { to } => {
                if Manage::of(&migrate.command).is_none() {
                    return Err(MigrateError::Whole(migrate.command.join(" ")));
                }
                self.draft_undo(migrating, &live, to.as_ref()).await?
            }
        };
        let Some(draft) = draft else { return Ok(None) };
        let plan = planned(migrating, deployment, migrate, &draft);
        Ok(Some(self.audited(plan)?))
    }

    /// Runs migrations by themselves; `None` where there are none.
    ///
    /// # Errors
    /// They cannot be run, or not now; a migration that fails is no error but an outcome.
    pub async fn run_migrations(
        &self,
        migrating: &Migrating<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, MigrateError> {
        let environment = &migrating.environment.name;
        let lease = self
            .take_lease(environment, migrating.wait, interrupts)
            .await?;
        let finished = self
            .run_migrations_under(&lease, migrating, interrupts)
            .await;
        // What was done is recorded; that the lease's owner is still named does no harm.
        let _ = self.store.release_lease(lease);
        finished
    }

    async fn run_migrations_under(
        &self,
        lease: &Lease,
        migrating: &Migrating<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Option<Finished>, MigrateError> {
        let environment = &migrating.environment.name;
        self.recover_under(lease, Policy::Supersede, interrupts)
            .await?;
        self.check_not_frozen(environment)?;
        let Some(plan) = self.plan_migrations(migrating).await? else {
            return Ok(None);
        };
        if let Some(agreed) = &migrating.agreed
            && plan::renumber(plan.clone(), agreed.deployment).digest() != agreed.digest()
        {
            return Err(DeployError::Changed(environment.clone()).into());
        }
        self.check_alone(migrating).await?;
        let subject = subject(&plan);
        let finished = self
            .undertake(lease, plan, About::new(&subject), interrupts)
            .await?;
        Ok(Some(finished))
    }

    /// What the live release has and the database does not.
    async fn draft_apply(
        &self,
        migrating: &Migrating<'_>,
        live: &Live,
    ) -> Result<Option<Draft>, MigrateError> {
        let environment = migrating.environment;
        let subject = Subject {
            project: migrating.project,
            environment,
            workload: &live.workload,
            commit: &live.release.commit,
            kind: Kind::Migrate,
        };
        // The database has to be asked: that it cannot be is no reason to take a guess.
        let server = self
            .database_of(&environment.name, &live.workload)?
            .postgres()?;
        super::read(&server).await?;
        let examined = self.examine(&subject, Some(&live.occupant)).await?;
        let Some(examined) = examined.filter(|one| !one.outlook.pending.is_empty()) else {
            return Ok(None);
        };
        if examined.is_refused() {
            return Err(DeployError::Migrations(Arc::clone(&examined)).into());
        }
        let how = &environment.migrations;
        let pending = examined.outlook.pending.iter();
        Ok(Some(Draft {
            with: live.occupant.clone(),
            workload: live.workload.clone(),
            run: Run {
                turn: Turn::Expand,
                applies: pending.map(|one| one.name.clone()).collect(),
                held: [].into(),
                undo: Vec::new(),
                lock_timeout: how.lock_timeout,
                statement_timeout: how.statement_timeout,
                retries: how.retries,
            },
            outlook: Some(examined.outlook.clone()),
            notes: plan::data_loss(examined.outlook.loses())
                .into_iter()
                .collect(),
        }))
    }

    /// Nothing runs but the live release, by which it was decided what may run.
    async fn check_alone(&self, migrating: &Migrating<'_>) -> Result<(), MigrateError> {
        let environment = &migrating.environment.name;
        let Some(live) = self.live(migrating.project, environment)? else {
            return Ok(());
        };
        let other = ColourKey {
            slot: Slot::from(live.occupant.colour.other()),
            ..live.key
        };
        let found = self.runtime.list(&other).await.map_err(DeployError::from)?;
        let mut running = found
            .into_iter()
            .filter(|instance| !matches!(instance.state, State::Exited { .. }));
        match running.next() {
            Some(instance) => Err(MigrateError::Beside {
                instance: instance.id,
                environment: environment.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn planned(
    migrating: &Migrating<'_>,
    deployment: DeploymentId,
    migrate: &Migrate,
    draft: &Draft,
) -> Plan {
    make_migration(&MigrationFacts {
        deployment,
        config: &migrating.project.config,
        environment: migrating.environment,
        with: &draft.with,
        workload: &draft.workload,
        migrate,
        run: &draft.run,
        outlook: draft.outlook.as_ref(),
        notes: &draft.notes,
    })
}

/// What the audit trail says that a run is about.
fn subject(plan: &Plan) -> String {
    let runs = plan.steps.iter().filter_map(|step| match &step.action {
        plan::Action::Migrate { run, .. } => run.as_deref(),
        _ => None,
    });
    let told = runs.map(|run| format!("{} {}", run.turn.as_str(), run.applies.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}
