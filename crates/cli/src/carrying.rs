//! Carries a recorded request out: up to its plan, where people have to approve it first, and to
//! its end once they did.
//!
//! Safe to repeat: a request whose carrier was killed goes on where its deployment stands.

use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_engine::deploy::{DeployError, Finished};
use shipway_engine::event::{Event, Kind as Told};
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::plan::Plan;
use shipway_pipeline::promotion::Approvals;
use shipway_pipeline::request::{End, Request, Standing, Want};
use shipway_store::Act;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Kind, Result};
use crate::render::{self, Form};
use crate::wanted::{self, Purpose};
use crate::{exit, interrupt, removal};

/// Carries it out, unless somebody else does.
pub(crate) async fn carry_out(
    context: &Context,
    id: RequestId,
    flags: &Flags,
    events: UnboundedReceiver<Event>,
) -> Result {
    let store = &context.engine.store;
    let Some(carried) = store.try_carry(id)? else {
        let told = format!("request {id} is being carried out by another process");
        return Err(CliError::new(Kind::Locked, told));
    };
    let carrier = Carrier {
        context,
        id,
        flags,
        form: flags.output.form(),
    };
    let code = carrier.carry_out(events).await;
    if store.request(id)?.is_some_and(|request| request.is_over()) {
        carried.finish();
    }
    code
}

struct Carrier<'a> {
    context: &'a Context,
    id: RequestId,
    flags: &'a Flags,
    form: Form,
}

// === impl Carrier ===

impl Carrier<'_> {
    async fn carry_out(&self, events: UnboundedReceiver<Event>) -> Result {
        let request = self.change("start", |request| Ok(request.start(now())?))?;
        let project = &self.context.project;
        let name = request.environment.as_str();
        let found = match request.want {
            Want::Remove => project.environment_or_leftover(name),
            _ => project.environment(name),
        };
        let environment = match found {
            Ok(environment) => environment,
            // Whoever removed it was killed before they could say so.
            Err(_) if request.want == Want::Remove => {
                self.end(End::Unchanged)?;
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => return self.refused(error.into()),
        };
        if request.want == Want::Remove {
            return self.remove(environment, events).await;
        }
        match self.context.engine.store.deployment_of(self.id)? {
            Some(before) => self.go_on(&before, events).await,
            None => self.begin(&request, environment, events).await,
        }
    }

    async fn begin(
        &self,
        request: &Request,
        environment: &Environment,
        events: UnboundedReceiver<Event>,
    ) -> Result {
        let engine = &self.context.engine;
        let prepared = wanted::prepare(
            self.context,
            environment,
            &request.want,
            request.lane,
            Purpose::Deploy,
        );
        let (mut wanted, events) =
            match deploying::prepare(self.context, events, self.form, prepared).await {
                Ok(prepared) => prepared,
                Err(error) => return self.refused(error),
            };
        if wanted.surroundings.is_settled() && !self.flags.force {
            self.end(End::Unchanged)?;
            render::drift::print_settled(&wanted, self.form, false)?;
            return Ok(ExitCode::SUCCESS);
        }
        // It was recorded: it is not lost because somebody else has the environment now.
        wanted.wait = true;
        wanted.thaw = self.flags.thaw;
        wanted.request = Some(self.id);
        let plan = match engine.plan(&wanted) {
            Ok(plan) => plan,
            Err(error) => return self.refused(error.into()),
        };
        if self.form.is_for_people() && request.agreement.is_none() {
            render::plan::tell(&plan, &wanted.release);
        }
        if let Some(agreement) = &request.agreement
            && agreement.digest != plan.consent()
        {
            return self.void("what would be done is no longer what was approved");
        }
        if let Some(rules) = environment.policy.approvals(request.lane)
            && request.standing(&rules) != Standing::Complete
        {
            return self.ask(plan, &rules);
        }
        if request.agreement.is_none()
            && let Err(error) = deploying::ask(&wanted, self.flags)
        {
            return self.refused(error);
        }
        wanted.agreed = Some(plan);
        let mut interrupts = interrupt::listen()?;
        let reporting = tokio::spawn(render::events::follow(events, self.form));
        let finished = engine.deploy(&wanted, &mut interrupts).await;
        self.record(&finished)?;
        deploying::settle(self.context, finished.map(Some), reporting, self.form).await
    }

    /// Ends the environment of a branch, and all that is asked for there.
    async fn remove(&self, environment: &Environment, events: UnboundedReceiver<Event>) -> Result {
        let mut interrupts = interrupt::listen()?;
        render::events::begin(self.form);
        let reporting = tokio::spawn(render::events::follow(events, self.form));
        let removed = removal::remove(self.context, environment, Some(self.id), &mut interrupts);
        match removed.await {
            Ok(finished) => {
                let end = match &finished {
                    Some(finished) => End::Deployed {
                        deployment: finished.deployment,
                        outcome: finished.outcome,
                    },
                    None => End::Unchanged,
                };
                self.end(end)?;
                deploying::settle(self.context, Ok(finished), reporting, self.form).await
            }
            Err(error) => {
                self.context.engine.reporter.close();
                let _ = reporting.await;
                self.refused(error)
            }
        }
    }

    /// Whoever carried it out before had begun a deployment.
    async fn go_on(
        &self,
        before: &shipway_store::Deployment,
        events: UnboundedReceiver<Event>,
    ) -> Result {
        let engine = &self.context.engine;
        let mut interrupts = interrupt::listen()?;
        render::events::begin(self.form);
        let reporting = tokio::spawn(render::events::follow(events, self.form));
        let resumed = engine
            .resume(&before.plan.environment, true, &mut interrupts)
            .await;
        let finished = match resumed {
            Ok(Some(finished)) if finished.deployment == before.id => Ok(finished),
            Ok(_) => engine.ended(before.id),
            Err(error) => Err(error),
        };
        self.record(&finished)?;
        deploying::settle(self.context, finished.map(Some), reporting, self.form).await
    }

    /// Asks people to consent to the plan. What they said of the same plan before still counts.
    fn ask(&self, plan: Plan, rules: &Approvals) -> Result {
        let expires = now().after(rules.expires);
        let request = self.change(
            "ask for approval",
            |request| Ok(request.ask(plan, expires)?),
        )?;
        self.context.engine.reporter.tell(Told::Asked {
            request: self.id,
            expires,
        });
        match self.form {
            Form::Json => render::json(&request)?,
            Form::Events => {}
            Form::People | Form::Quiet => render::request::tell_waiting(&request, rules),
        }
        Ok(ExitCode::from(exit::WAITING))
    }

    fn record(&self, finished: &std::result::Result<Finished, DeployError>) -> Result<()> {
        let end = match finished {
            Ok(finished) => End::Deployed {
                deployment: finished.deployment,
                outcome: finished.outcome,
            },
            Err(error) => {
                // What was begun is gone on with by whoever carries the request out next.
                if self.context.engine.store.deployment_of(self.id)?.is_some() {
                    return Ok(());
                }
                match error {
                    DeployError::Interrupted => End::Cancelled {
                        by: self.context.engine.actor.clone(),
                    },
                    DeployError::Changed(_) => End::Void {
                        reason: error.to_string(),
                    },
                    _ => End::Refused {
                        reason: error.to_string(),
                    },
                }
            }
        };
        self.end(end)
    }

    fn refused(&self, error: CliError) -> Result {
        let reason = error.message().to_owned();
        self.end(End::Refused { reason })?;
        Err(error)
    }

    fn void(&self, reason: &str) -> Result {
        let reason = reason.to_owned();
        let told = format!("request {} is void: {reason}", self.id);
        self.end(End::Void { reason })?;
        Err(CliError::new(Kind::Waiting, told).hint("request it again: others then see what it is"))
    }

    fn end(&self, end: End) -> Result<()> {
        self.change("end", |request| Ok(request.end(end, now())?))?;
        Ok(())
    }

    fn change(
        &self,
        verb: &str,
        change: impl FnOnce(&mut Request) -> Result<()>,
    ) -> Result<Request> {
        let engine = &self.context.engine;
        let act = Act {
            by: &engine.actor,
            verb,
            now: now(),
        };
        let (request, ()) = engine.store.change_request(self.id, act, change)?;
        Ok(request)
    }
}
