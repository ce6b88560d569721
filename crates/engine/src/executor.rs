//! The loop: store the state and the intent, perform the effect, feed back what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_durable::crash_point;
use shipway_pipeline::deployment::{self, Effect, Failure, Outcome, State};
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::journal::{Detail, Entry};
use shipway_pipeline::plan::{Action, Occupant, Plan, Step};
use shipway_runtime::Runtime;
use shipway_store::{Change, Deployment, Frozen, Keyring, Lease, Store};
use tokio::sync::watch;

use crate::clock::now;
use crate::database::Databases;
use crate::event::{Kind, Reporter};
use crate::perform::{Performer, WatchMemory};
use crate::ports::Router;

/// How often the store is asked whether somebody wants the deployment stopped.
const ABORT_POLL: Duration = Duration::from_millis(250);

/// What carries out the deployments of one project.
#[derive(Clone)]
pub struct Engine {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What runs releases.
    pub runtime: Arc<dyn Runtime>,
    /// What routes requests.
    pub router: Arc<dyn Router>,
    /// Where the environments' databases are.
    pub databases: Databases,
    /// What decrypts the store's secrets.
    pub keyring: Keyring,
    /// Who listens.
    pub reporter: Reporter,
    /// Who this is, for leases and records: user, host and process.
    pub owner: String,
    /// On whose behalf.
    pub actor: String,
}

/// What somebody at the terminal wants of a running deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interrupt {
    /// Nothing.
    #[default]
    None,
    /// Stop it and go back.
    Abort,
    /// Leave it where it stands; another engine goes on.
    Detach,
}

/// Receives interrupts.
pub type Interrupts = watch::Receiver<Interrupt>;

/// Why a deployment could not be carried on. Its record stands: `resume` goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// What the plan runs is no longer recorded.
    #[error("the record of {0} is missing from the state directory")]
    Missing(String),
    /// Somebody wants another engine to go on.
    #[error("detached from deployment {0}")]
    Detached(DeploymentId),
}

impl Engine {
    /// Carries a deployment to its end, beginning with `first`.
    ///
    /// # Errors
    /// The store fails, or somebody detaches; what was decided so far is recorded.
    pub async fn carry_out(
        &self,
        lease: &Lease,
        deployment: &Deployment,
        first: (deployment::Event, Entry),
        interrupts: &mut Interrupts,
    ) -> Result<Outcome, ExecutorError> {
        let performer = Performer::new(self, lease, &deployment.plan)?;
        let mut run = Run {
            engine: self,
            lease,
            plan: &deployment.plan,
            performer,
            state: deployment.state.clone(),
            abort_heard: false,
            interrupts,
        };
        run.finish(first).await
    }
}

/// One deployment being carried out.
struct Run<'a> {
    engine: &'a Engine,
    lease: &'a Lease,
    plan: &'a Plan,
    performer: Performer<'a>,
    state: State,
    abort_heard: bool,
    interrupts: &'a mut Interrupts,
}

/// What came of an effect, or came in between.
enum Heard {
    Performed(Result<Option<Detail>, Failure>),
    Looked(deployment::Event),
    Abort(String),
    Detach,
}

impl Run<'_> {
    async fn finish(
        &mut self,
        first: (deployment::Event, Entry),
    ) -> Result<Outcome, ExecutorError> {
        let (event, entry) = first;
        let mut memory = WatchMemory::default();
        let mut effect = self.decide(event, vec![entry], None)?;
        loop {
            if let State::Finished { outcome, .. } = self.state {
                return Ok(outcome);
            }
            let Some(current) = effect else {
                // Only a finished deployment asks for nothing.
                return Err(ExecutorError::Missing("the next step".to_owned()));
            };
            effect = self.carry_on(current, &mut memory).await?;
        }
    }

    /// Performs an effect and returns the one that follows; the same where nothing changed it.
    async fn carry_on(
        &mut self,
        effect: Effect,
        memory: &mut WatchMemory,
    ) -> Result<Option<Effect>, ExecutorError> {
        let began = Instant::now();
        match self.perform(&effect, memory).await? {
            Heard::Performed(Ok(detail)) => {
                let done = Entry::Done {
                    millis: began.elapsed().as_millis() as u64,
                    detail,
                };
                let step = self.state.current(self.plan).cloned();
                self.decide(deployment::Event::Done, vec![done], step)
            }
            Heard::Performed(Err(failure)) => {
                let failed = Entry::Failed {
                    failure: failure.clone(),
                };
                self.decide(deployment::Event::Failed(failure), vec![failed], None)
            }
            Heard::Looked(event) => self.decide(event, vec![], None),
            Heard::Abort(by) => {
                let before = self.state.clone();
                let asked = Entry::AbortRequested { by: by.clone() };
                let event = deployment::Event::AbortRequested { by };
                let next = self.decide(event, vec![asked], None)?;
                Ok(if self.state == before {
                    Some(effect)
                } else {
                    next
                })
            }
            Heard::Detach => Err(ExecutorError::Detached(self.plan.deployment)),
        }
    }

    async fn perform(
        &mut self,
        effect: &Effect,
        memory: &mut WatchMemory,
    ) -> Result<Heard, ExecutorError> {
        let work = async {
            match effect {
                Effect::Perform(step) => {
                    Heard::Performed(self.performer.perform_in_time(step).await)
                }
                Effect::Look(step) => {
                    let until = match &self.state {
                        State::Baking { bake, .. } => bake.until,
                        _ => now(),
                    };
                    Heard::Looked(self.performer.look(step, until, memory).await)
                }
                Effect::Interrupt | Effect::Release => Heard::Performed(Ok(None)),
            }
        };
        let asked = wait_for_abort(&self.engine.store, self.plan.deployment, self.abort_heard);
        tokio::select! {
            heard = work => Ok(heard),
            by = asked => {
                self.abort_heard = true;
                Ok(Heard::Abort(by?))
            }
            interrupt = wait_for_interrupt(self.interrupts, self.abort_heard) => match interrupt {
                Interrupt::Detach => Ok(Heard::Detach),
                Interrupt::Abort | Interrupt::None => {
                    self.abort_heard = true;
                    Ok(Heard::Abort(self.engine.actor.clone()))
                }
            },
        }
    }

    /// Decides what follows, and records it together with the intent to do it.
    fn decide(
        &mut self,
        event: deployment::Event,
        mut entries: Vec<Entry>,
        done: Option<Step>,
    ) -> Result<Option<Effect>, ExecutorError> {
        let at = now();
        let was_baking = matches!(self.state, State::Baking { .. });
        // An abort ends a bake without a judgement.
        let is_judgement = matches!(
            event,
            deployment::Event::Looked(_) | deployment::Event::Failed(_)
        );
        let transition = deployment::step(self.plan, &self.state, event, at);
        let effect = transition
            .effects
            .into_iter()
            .find(|effect| matches!(effect, Effect::Perform(_) | Effect::Look(_)));
        let is_same_bake = was_baking && matches!(transition.state, State::Baking { .. });
        if was_baking && !is_same_bake && is_judgement {
            entries.push(Entry::Judged {
                failure: judged(&transition.state),
            });
        }
        match &effect {
            Some(Effect::Perform(step)) => entries.push(Entry::Intent { step: step.clone() }),
            Some(Effect::Look(step)) if !is_same_bake => {
                entries.push(Entry::Intent { step: step.clone() });
            }
            _ => {}
        }
        if let State::Finished { outcome, .. } = transition.state {
            entries.push(Entry::Finished { outcome });
        }
        let live = done
            .as_ref()
            .and_then(|step| step.makes_live)
            .map(|side| self.plan.occupant(side));
        let resized = done.as_ref().and_then(|step| step.resizes.as_deref());
        let is_marked = done
            .as_ref()
            .is_some_and(|step| step.action == Action::MarkStable);
        let stable = if is_marked {
            Some(&self.plan.target)
        } else {
            resized.filter(|_| self.is_stable())
        };
        let live = live.or_else(|| resized.map(Some));
        self.record(entries, &transition.state, live, stable)?;
        self.state = transition.state;
        Ok(effect)
    }

    /// Whether what is resized finished its bake: then a rollback returns to it in its new size.
    fn is_stable(&self) -> bool {
        let record = self.engine.store.environment(self.lease.environment());
        record.is_ok_and(|record| {
            let stable = record.stable;
            stable.is_some_and(|stable| stable.deployment == self.plan.target.deployment)
        })
    }

    fn record(
        &self,
        entries: Vec<Entry>,
        state: &State,
        live: Option<Option<&Occupant>>,
        stable: Option<&Occupant>,
    ) -> Result<(), ExecutorError> {
        let at = now();
        let freeze = match state {
            State::Finished {
                outcome: Outcome::RollbackFailed,
                cause,
            } => Some(Frozen {
                since: at,
                reason: cause.as_ref().map_or_else(
                    || "a rollback failed".to_owned(),
                    std::string::ToString::to_string,
                ),
            }),
            _ => None,
        };
        let change = Change {
            entries,
            state: Some(state),
            live,
            stable,
            freeze,
        };
        crash_point::pass("an effect is done and not recorded");
        let records = self
            .engine
            .store
            .change(self.lease, self.plan.deployment, &change, at)?;
        crash_point::pass("an intent is recorded and not carried out");
        for record in records {
            self.engine.reporter.tell(Kind::Journal {
                deployment: self.plan.deployment,
                record,
            });
        }
        Ok(())
    }
}

fn judged(next: &State) -> Option<Failure> {
    match next {
        State::Reverting {
            cause: deployment::Cause::Judged { failure },
            ..
        } => Some(failure.clone()),
        _ => None,
    }
}

/// Resolves once somebody asked through the store; never after one was heard.
async fn wait_for_abort(
    store: &Store,
    deployment: DeploymentId,
    heard: bool,
) -> Result<String, shipway_store::Error> {
    if heard {
        return std::future::pending().await;
    }
    loop {
        if let Some(by) = store.abort_requested(deployment)? {
            return Ok(by);
        }
        tokio::time::sleep(ABORT_POLL).await;
    }
}

/// Resolves once somebody at the terminal wants something; an abort counts once.
async fn wait_for_interrupt(interrupts: &mut Interrupts, abort_heard: bool) -> Interrupt {
    loop {
        let wanted = *interrupts.borrow_and_update();
        match wanted {
            Interrupt::Detach => return wanted,
            Interrupt::Abort if !abort_heard => return wanted,
            Interrupt::Abort | Interrupt::None => {}
        }
        if interrupts.changed().await.is_err() {
            // Nobody is left who could interrupt.
            return std::future::pending().await;
        }
    }
}
