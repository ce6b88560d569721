//! One run of a command with the new artifact.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Side, Sizes};
use shipway_runtime::{Exit, Line, TaskSpec};
use tokio::sync::mpsc;

use super::super::{LAST_LINES, Performer, failed};
use crate::event::Kind;
use crate::live::set_command;

/// Lines that are kept to find out what went wrong: a traceback of two connections' depth.
const KEPT: usize = 400;

/// A command to run once.
pub(super) struct Task<'a> {
    name: &'a str,
    service: &'a ServiceName,
    command: &'a [String],
    deadline: Duration,
    /// Variables over those of the service.
    pub(super) variables: BTreeMap<String, String>,
    /// Nobody is told what it writes.
    pub(super) is_quiet: bool,
}

/// What came of it.
pub(super) struct Ran {
    pub(super) exit: Exit,
    /// The last lines that it wrote.
    pub(super) lines: Vec<String>,
}

// === impl Ran ===

impl Ran {
    pub(super) fn last_lines(&self) -> Vec<String> {
        last(&self.lines)
    }

    /// Whether it ended well.
    pub(super) fn check(&self, command: &[String]) -> Result<(), Failure> {
        match &self.exit {
            Exit::Code(0) => Ok(()),
            exit => Err(Failure {
                reason: format!("`{}` ended with {exit}", command.join(" ")),
                evidence: self.last_lines(),
            }),
        }
    }
}

impl Performer<'_> {
    pub(super) fn task<'a>(
        &self,
        name: &'a str,
        service: &'a ServiceName,
        command: &'a [String],
        deadline: Duration,
    ) -> Task<'a> {
        Task {
            name,
            service,
            command,
            deadline,
            variables: BTreeMap::new(),
            is_quiet: false,
        }
    }

    /// A variable that a service is given.
    pub(super) fn variable(&self, service: &ServiceName, name: &str) -> Option<String> {
        let mut members = self.target.workload.members.iter();
        let member = members.find(|member| member.name == *service)?;
        member.service.environment.get(name)?.clone()
    }

    /// Tells what is written, and gives the last lines of it.
    pub(in crate::perform) async fn follow(
        &self,
        lines: mpsc::UnboundedReceiver<Line>,
    ) -> Vec<String> {
        last(&self.listen(lines, false).await)
    }

    async fn listen(
        &self,
        mut lines: mpsc::UnboundedReceiver<Line>,
        is_quiet: bool,
    ) -> Vec<String> {
        let mut kept = VecDeque::new();
        while let Some(line) = lines.recv().await {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(line.text.clone());
            if !is_quiet {
                self.tell(Kind::Output {
                    deployment: self.plan.deployment,
                    line: line.text,
                });
            }
        }
        kept.into()
    }
}

// === impl Task ===

impl Task<'_> {
    /// Runs it to its end. Where an earlier call of this deployment began it and it still runs, it
    /// is waited for instead.
    pub(super) async fn run(self, performer: &Performer<'_>) -> Result<Ran, Failure> {
        let sizes = Sizes::from([(self.service.clone(), 1)]);
        let mut colour = performer.spec(Side::Target, &sizes)?;
        for service in &mut colour.services {
            set_command(service, self.command);
        }
        let task = TaskSpec {
            name: format!("{}-{}", performer.plan.deployment, self.name),
            colour,
            variables: self.variables,
            deadline: self.deadline,
        };
        let (sender, receiver) = mpsc::unbounded_channel();
        let work = async {
            let exit = performer.engine.runtime.run_task(&task, &sender).await;
            drop(sender);
            exit
        };
        let (exit, lines) = tokio::join!(work, performer.listen(receiver, self.is_quiet));
        match exit {
            Ok(exit) => Ok(Ran { exit, lines }),
            Err(error) => Err(Failure {
                evidence: last(&lines),
                ..failed(&error)
            }),
        }
    }
}

/// The lines that are kept as evidence.
fn last(lines: &[String]) -> Vec<String> {
    let first = lines.len().saturating_sub(LAST_LINES);
    lines[first..].to_vec()
}
