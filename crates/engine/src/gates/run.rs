//! Runs one gate: in parts, again where it may be tried again.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use shipway_pipeline::gate::{Gate, Verdict, judge};
use shipway_runtime::process::{Check, ProcessRuntime};
use shipway_store::GateRun;
use tokio::sync::{Semaphore, mpsc};

use super::log::Log;
use super::{GateError, GateRequest};
use crate::clock::now;
use crate::event::Kind;
use crate::executor::Engine;

impl Engine {
    pub(super) async fn run_gate(
        &self,
        runtime: &ProcessRuntime,
        request: &GateRequest<'_>,
        gate: Gate,
        places: &Semaphore,
    ) -> Result<GateRun, GateError> {
        let began = now();
        let log = Log::create(
            self.store.directory(),
            &gate.name,
            &request.commit.id,
            began,
        )?;
        let mut attempts = 0;
        let verdict = loop {
            attempts += 1;
            let parts = (1..=gate.parallel)
                .map(|part| self.run_part(runtime, request, &gate, part, places, &log));
            let verdicts = try_join_all(parts).await?;
            let verdict = verdicts.into_iter().fold(Verdict::Passed, Verdict::and);
            if verdict.is_pass() || attempts > gate.retries {
                break verdict;
            }
            log.line(&format!("== {verdict}; tried again =="))?;
        };
        log.line(&format!("== {verdict} =="))?;
        let run = GateRun {
            definition: gate.definition(),
            gate: gate.name,
            commit: request.commit.id.clone(),
            verdict,
            attempts,
            began,
            ended: now(),
            log: log.name().to_owned(),
            by: self.actor.clone(),
        };
        self.store.put_gate_run(&run)?;
        Ok(run)
    }

    async fn run_part(
        &self,
        runtime: &ProcessRuntime,
        request: &GateRequest<'_>,
        gate: &Gate,
        part: u32,
        places: &Semaphore,
        log: &Log,
    ) -> Result<Verdict, GateError> {
        // Nothing ever closes it.
        let _place = places.acquire().await;
        let check = check(request, gate, part);
        let (sender, mut lines) = mpsc::unbounded_channel();
        let work = async {
            let evidence = runtime.check(&check, &sender).await;
            drop(sender);
            evidence
        };
        let follow = async {
            let mut written = Ok(());
            while let Some(line) = lines.recv().await {
                written = written.and_then(|()| log.line(&line.text));
                self.reporter.tell(Kind::GateOutput {
                    gate: gate.name.clone(),
                    line: line.text,
                });
            }
            written
        };
        let (evidence, written) = tokio::join!(work, follow);
        written?;
        Ok(judge(&gate.reports, &evidence?))
    }
}

fn check(request: &GateRequest<'_>, gate: &Gate, part: u32) -> Check {
    let commit = &request.commit.id;
    let mut variables = BTreeMap::from([
        ("CI".to_owned(), "true".to_owned()),
        ("SHIPWAY_COMMIT".to_owned(), commit.clone()),
    ]);
    if gate.parallel > 1 {
        variables.insert("SHIPWAY_PART".to_owned(), part.to_string());
        variables.insert("SHIPWAY_PARTS".to_owned(), gate.parallel.to_string());
    }
    Check {
        repository: request.repository.root.clone(),
        subdirectory: request.repository.subdirectory.clone(),
        commit: commit.clone(),
        name: format!("gate-{}-{}-{part}", std::process::id(), gate.name),
        command: gate.run.clone(),
        variables,
        reports: gate.report_paths().map(str::to_owned).collect(),
        deadline: gate.timeout,
    }
}
