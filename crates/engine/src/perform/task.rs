//! Runs the migration: once, with the new artifact.

use std::time::Duration;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Side, Sizes};
use shipway_runtime::{Exit, Line, TaskSpec};
use tokio::sync::mpsc;

use super::{LAST_LINES, Performed, Performer, failed};
use crate::event::Kind;
use crate::live::set_command;

impl Performer<'_> {
    pub(super) async fn migrate(
        &self,
        service: &ServiceName,
        command: &[String],
        deadline: Duration,
    ) -> Performed {
        let mut colour = self.spec(Side::Target, &Sizes::from([(service.clone(), 1)]))?;
        for service in &mut colour.services {
            set_command(service, command);
        }
        let task = TaskSpec {
            name: format!("{}-migrate", self.plan.deployment),
            colour,
            deadline,
        };
        let (sender, receiver) = mpsc::unbounded_channel();
        let work = async {
            let exit = self.engine.runtime.run_task(&task, &sender).await;
            drop(sender);
            exit
        };
        let (exit, last_lines) = tokio::join!(work, self.follow(receiver));
        match exit {
            Ok(Exit::Code(0)) => Ok(Some(Detail::Ran { last_lines })),
            Ok(exit) => Err(Failure {
                reason: format!("`{}` ended with {exit}", command.join(" ")),
                evidence: last_lines,
            }),
            Err(error) => Err(Failure {
                evidence: last_lines,
                ..failed(&error)
            }),
        }
    }

    pub(super) async fn follow(&self, mut lines: mpsc::UnboundedReceiver<Line>) -> Vec<String> {
        let mut last = std::collections::VecDeque::new();
        while let Some(line) = lines.recv().await {
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line.text.clone());
            self.tell(Kind::Output {
                deployment: self.plan.deployment,
                line: line.text,
            });
        }
        last.into()
    }
}
