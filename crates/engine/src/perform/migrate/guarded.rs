//! Migrations whose names are known: under a lock, tried again, verified.

use std::collections::BTreeSet;
use std::time::Duration;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::migration::{Manage, Run, Turn, parse_plan};
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::Side;
use shipway_runtime::State;

use super::super::{Performed, Performer, failed, failure};
use super::explain::{Left, explain, is_lock_timeout};
use super::lock::APPLICATION;
use super::task::Ran;
use crate::database::{Database, Server};
use crate::event::Kind;
use crate::migrations::{self, Applied, InvalidIndex};

/// What one step of migrations is done with.
struct Work<'a> {
    performer: &'a Performer<'a>,
    service: &'a ServiceName,
    command: &'a [String],
    run: &'a Run,
    deadline: Duration,
    /// `None` where the database is not known.
    server: Option<&'a Server>,
}

/// Commands that were run to their end.
#[derive(Default)]
struct Done {
    attempts: u32,
    last_lines: Vec<String>,
}

impl Performer<'_> {
    pub(super) async fn migrate_guarded(
        &self,
        service: &ServiceName,
        command: &[String],
        run: &Run,
        deadline: Duration,
    ) -> Performed {
        if run.turn == Turn::Contract {
            self.check_gone().await?;
        }
        let database = self
            .engine
            .database_of(&self.plan.environment, &self.target.workload);
        let server = database.and_then(Database::postgres);
        let work = Work {
            performer: self,
            service,
            command,
            run,
            deadline,
            server: server.as_ref().ok(),
        };
        match &server {
            Ok(server) => work.under_lock(server).await,
            Err(error) => {
                self.tell(Kind::Warning {
                    text: format!(
                        "the migrations run without a lock, and what they did is not verified: {}",
                        failed(error).reason
                    ),
                });
                let done = work.run_all().await?;
                Ok(Some(Detail::Ran {
                    last_lines: done.last_lines,
                }))
            }
        }
    }

    /// Nothing of the old release runs any more: its code would miss what is taken away.
    async fn check_gone(&self) -> Result<(), Failure> {
        if self.previous.is_none() {
            return Ok(());
        }
        let key = self.colour_key(Side::Previous)?;
        let found = self.engine.runtime.list(&key).await;
        let found = found.map_err(|error| failed(&error))?;
        let is_there = |state: &State| !matches!(state, State::Exited { .. });
        match found.iter().find(|instance| is_there(&instance.state)) {
            Some(instance) => Err(failure(format!(
                "`{}` of the old release still runs, and needs what would be taken away",
                instance.id
            ))),
            None => Ok(()),
        }
    }
}

// === impl Work ===

impl Work<'_> {
    async fn under_lock(&self, server: &Server) -> Performed {
        let lock = self.performer.lock(server).await?;
        let before = self.applied(server).await?;
        let ran = self.run_all().await;
        let after = self.applied(server).await?;
        lock.release().await;
        let done = ran?;
        self.verify(&after)?;
        let was = before.set();
        let changed: Vec<String> = match self.run.turn {
            Turn::Expand | Turn::Contract => {
                let new = after.keys.iter().filter(|key| !was.contains(*key));
                new.map(ToString::to_string).collect()
            }
            Turn::Undo => {
                let is = after.set();
                let gone = before.keys.iter().rev().filter(|key| !is.contains(*key));
                gone.map(ToString::to_string).collect()
            }
        };
        Ok(Some(Detail::Migrated {
            turn: self.run.turn,
            changed,
            before: before.leaves(),
            after: after.leaves(),
            attempts: done.attempts,
            last_lines: done.last_lines,
        }))
    }

    async fn run_all(&self) -> Result<Done, Failure> {
        let mut done = Done::default();
        for (number, command) in self.commands().await?.iter().enumerate() {
            let name = match number {
                0 => "migrate".to_owned(),
                number => format!("migrate-{number}"),
            };
            self.run_one(&name, command, &mut done).await?;
        }
        Ok(done)
    }

    /// The command as it was given, or one for each app where not all of them may go to their end.
    async fn commands(&self) -> Result<Vec<Vec<String>>, Failure> {
        let run = self.run;
        if run.held.is_empty() && run.undo.is_empty() {
            return Ok(vec![self.command.to_vec()]);
        }
        let manage = Manage::of(self.command)
            .ok_or_else(|| failure("the command cannot be told how far to migrate"))?;
        if !run.undo.is_empty() {
            let undo = run.undo.iter();
            return Ok(undo
                .map(|(app, name)| manage.migrate(app, Some(name.as_deref().unwrap_or("zero"))))
                .collect());
        }
        let words = manage.plan();
        let performer = self.performer;
        let mut list = performer.task("plan", self.service, &words, self.deadline);
        list.is_quiet = true;
        let listed = list.run(performer).await?;
        listed.check(&words)?;
        let mut apps: Vec<String> = Vec::new();
        for (app, _) in parse_plan(listed.lines.iter().map(String::as_str)) {
            if !apps.contains(&app) {
                apps.push(app);
            }
        }
        let commands = apps.iter().filter_map(|app| match run.held.get(app) {
            None => Some(manage.migrate(app, None)),
            Some(Some(name)) => Some(manage.migrate(app, Some(name))),
            Some(None) => None,
        });
        Ok(commands.collect())
    }

    /// Runs a command, again after a pause where somebody else had a lock.
    async fn run_one(
        &self,
        name: &str,
        command: &[String],
        done: &mut Done,
    ) -> Result<(), Failure> {
        let broken = self.invalid().await;
        let most = self.run.retries + 1;
        for attempt in 1..=most {
            tokio::time::sleep(self.run.pause_before(attempt)).await;
            done.attempts += 1;
            let ran = self.attempt(name, attempt, command).await?;
            done.last_lines = ran.last_lines();
            let Err(failed) = ran.check(command) else {
                return Ok(());
            };
            let is_clean = self.invalid().await == broken;
            if attempt < most && is_clean && is_lock_timeout(&ran.lines) {
                let pause = self.run.pause_before(attempt + 1).as_secs();
                self.performer.tell(Kind::Warning {
                    text: format!("somebody else has a lock: trying again in {pause} s"),
                });
                continue;
            }
            return Err(self.explained(failed, &ran, attempt).await);
        }
        Ok(())
    }

    async fn attempt(&self, name: &str, attempt: u32, command: &[String]) -> Result<Ran, Failure> {
        let name = match attempt {
            1 => name.to_owned(),
            attempt => format!("{name}-again-{attempt}"),
        };
        let performer = self.performer;
        let mut task = performer.task(&name, self.service, command, self.deadline);
        let own = performer.variable(self.service, "PGOPTIONS");
        let options = [own.unwrap_or_default(), self.run.options()].join(" ");
        task.variables = [
            ("PGOPTIONS".to_owned(), options.trim().to_owned()),
            ("PGAPPNAME".to_owned(), APPLICATION.to_owned()),
        ]
        .into();
        task.run(performer).await
    }

    /// A failure with where it leaves the database.
    async fn explained(&self, failed: Failure, ran: &Ran, attempts: u32) -> Failure {
        let applied = match self.server {
            Some(server) => migrations::read(server).await.unwrap_or_default(),
            None => Applied::default(),
        };
        let applied: Vec<String> = applied.keys.iter().map(ToString::to_string).collect();
        let wanted = self.run.applies.iter();
        let kept: Vec<String> = wanted
            .filter(|name| applied.contains(name))
            .cloned()
            .collect();
        Failure {
            reason: explain(
                &failed.reason,
                &ran.lines,
                &Left {
                    run: self.run,
                    applied: &kept,
                    invalid: &self.invalid().await,
                    attempts,
                },
            ),
            ..failed
        }
    }

    async fn invalid(&self) -> BTreeSet<InvalidIndex> {
        match self.server {
            // What cannot be asked is not explained; the command's own words are told anyway.
            Some(server) => migrations::invalid_indexes(server)
                .await
                .unwrap_or_default(),
            None => BTreeSet::new(),
        }
    }

    async fn applied(&self, server: &Server) -> Result<Applied, Failure> {
        let read = migrations::read(server).await;
        read.map_err(|error| failed(&error))
    }

    /// What was to be done is what the database says: a command can end well and do nothing.
    fn verify(&self, after: &Applied) -> Result<(), Failure> {
        let applied: BTreeSet<String> = after.keys.iter().map(ToString::to_string).collect();
        let is_wanted = self.run.turn != Turn::Undo;
        let mut all = self.run.applies.iter();
        match all.find(|name| applied.contains(*name) != is_wanted) {
            Some(name) if is_wanted => Err(failure(format!(
                "the command ended well, and the database does not have `{name}`"
            ))),
            Some(name) => Err(failure(format!(
                "the command ended well, and the database still has `{name}`"
            ))),
            None => Ok(()),
        }
    }
}
