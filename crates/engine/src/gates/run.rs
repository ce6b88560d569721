//! Runs one gate: in parts, again where it may be tried again.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use shipway_pipeline::gate::{Gate, Judgement, Known, Verdict, judge};
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
        let known = Known {
            now: began,
            coverage: self.store.last_coverage(&gate.name, &request.commit.id)?,
        };
        let told = loop {
            attempts += 1;
            let parts = (1..=gate.parallel)
                .map(|part| self.run_part(runtime, request, (&gate, known), part, (places, &log)));
            let told = try_join_all(parts).await?;
            let told = told.into_iter().reduce(Judgement::and);
            let told = told.unwrap_or_else(|| Judgement::of(Verdict::Passed));
            if told.verdict.is_pass() || attempts > gate.retries {
                break told;
            }
            log.line(&format!("== {}; tried again ==", told.verdict))?;
        };
        for waived in &told.waived {
            log.line(&format!("== {waived} =="))?;
        }
        log.line(&format!("== {} ==", told.verdict))?;
        let run = GateRun {
            definition: gate.definition(),
            gate: gate.name,
            commit: request.commit.id.clone(),
            verdict: told.verdict,
            coverage: told.coverage,
            waived: told.waived,
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
        (gate, known): (&Gate, Known),
        part: u32,
        (places, log): (&Semaphore, &Log),
    ) -> Result<Judgement, GateError> {
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
        Ok(judge(gate, &evidence?, known))
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
        baselines: gate.baseline_paths().map(str::to_owned).collect(),
        deadline: gate.timeout,
    }
}
