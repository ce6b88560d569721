//! Runs one gate: in parts, again where it may be tried again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::future::try_join_all;
use shipway_pipeline::gate::{Evidence, Gate, Known, judge};
use shipway_pipeline::name::GateName;
use shipway_runtime::compose::ComposeRuntime;
use shipway_runtime::{Check, Commit};
use shipway_store::GateRun;
use tokio::sync::mpsc;

use super::log::{Log, timings_beside};
use super::{GateError, GateRequest, Site};
use crate::clock::now;
use crate::event::Kind;
use crate::executor::Engine;

impl Engine {
    pub(super) async fn run_gate(
        &self,
        site: &Site<'_>,
        gate: Gate,
        image: Option<&str>,
    ) -> Result<GateRun, GateError> {
        let request = site.request;
        let began = now();
        let log = Log::create(
            self.store.directory(),
            &gate.name,
            &request.commit.id,
            began,
        )?;
        let known = Known {
            now: began,
            coverage: self.store.last_coverage(&gate.name, &request.commit.id)?,
        };
        let timings = self.timings(&gate)?;
        let mut attempts = 0;
        let told = loop {
            attempts += 1;
            let parts = (1..=gate.parallel).map(|part| {
                let mut check = check(request, &gate, part);
                // An image has no file of this host.
                if let (None, Some(path)) = (image, &timings) {
                    let path = path.display().to_string();
                    check.variables.insert("SHIPWAY_TIMINGS".to_owned(), path);
                }
                self.run_part(site, &gate.name, image, check, &log)
            });
            let told = judge(&gate, &try_join_all(parts).await?, known);
            if told.verdict.is_pass() || attempts > gate.retries {
                break told;
            }
            log.line(&format!("== {}; tried again ==", told.verdict))?;
        };
        for waived in &told.waived {
            log.line(&format!("== {waived} =="))?;
        }
        log.line(&format!("== {} ==", told.verdict))?;
        if gate.parallel > 1 && !told.timings.is_empty() {
            log.keep_timings(&told.timings)?;
        }
        let run = GateRun {
            definition: gate.definition(),
            image: image.map(str::to_owned),
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

    /// What the tests of a gate in parts took when it passed last.
    fn timings(&self, gate: &Gate) -> Result<Option<PathBuf>, GateError> {
        if gate.parallel == 1 {
            return Ok(None);
        }
        let log = self.store.last_pass(&gate.name)?;
        let path = log.map(|log| timings_beside(&self.store.directory().join(log)));
        Ok(path.filter(|path| path.exists()))
    }

    async fn run_part(
        &self,
        site: &Site<'_>,
        gate: &GateName,
        image: Option<&str>,
        check: Check,
        log: &Log,
    ) -> Result<Evidence, GateError> {
        // Nothing ever closes it.
        let _place = site.places.acquire().await;
        let (sender, mut lines) = mpsc::unbounded_channel();
        let work = async {
            let evidence = match image {
                None => {
                    let commit = Commit {
                        repository: &site.request.repository.root,
                        subdirectory: &site.request.repository.subdirectory,
                        id: &site.request.commit.id,
                    };
                    let process = site.runtimes.process();
                    process.check(&commit, &check, &sender).await
                }
                Some(image) => {
                    let project = &site.request.project.config.project;
                    site.engine().check(project, image, &check, &sender).await
                }
            };
            drop(sender);
            evidence
        };
        let follow = async {
            let mut written = Ok(());
            while let Some(line) = lines.recv().await {
                written = written.and_then(|()| log.line(&line.text));
                self.reporter.tell(Kind::GateOutput {
                    gate: gate.clone(),
                    line: line.text,
                });
            }
            written
        };
        let (evidence, written) = tokio::join!(work, follow);
        written?;
        Ok(evidence?)
    }
}

// === impl Site ===

impl Site<'_> {
    /// The engine that has the environment's images.
    fn engine(&self) -> &ComposeRuntime {
        match self.request.environment {
            Some(environment) => self.runtimes.compose_of(&environment.name),
            None => self.runtimes.compose(),
        }
    }
}

/// What every part is told.
fn variables(request: &GateRequest<'_>, gate: &Gate, part: u32) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("CI".to_owned(), "true".to_owned()),
        ("SHIPWAY_COMMIT".to_owned(), request.commit.id.clone()),
    ]);
    if gate.parallel > 1 {
        variables.insert("SHIPWAY_PART".to_owned(), part.to_string());
        variables.insert("SHIPWAY_PARTS".to_owned(), gate.parallel.to_string());
    }
    variables
}

fn check(request: &GateRequest<'_>, gate: &Gate, part: u32) -> Check {
    let project = &request.project.config.project;
    // Another command may be at the same gate, and this one a second time.
    let mark = format!("{}-{}", std::process::id(), now().0);
    Check {
        name: format!("{project}-gate-{}-{part}-{mark}", gate.name),
        command: gate.run.clone(),
        variables: variables(request, gate, part),
        reports: gate.report_paths().map(str::to_owned).collect(),
        baselines: gate.baseline_paths().map(str::to_owned).collect(),
        deadline: gate.timeout,
    }
}
