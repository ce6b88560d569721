//! What is on record of a release.

use serde::Serialize;
use shipway_engine::clock::now;
use shipway_pipeline::journal::Record;
use shipway_pipeline::name::ProjectName;
use shipway_pipeline::release::Release;
use shipway_pipeline::request::{Request, Want};
use shipway_pipeline::time::Timestamp;
use shipway_store::{AuditRecord, Deployment, GateRun, RequestPage};

use crate::commands::history;
use crate::context::Context;
use crate::error::Result;

/// More than this of a log helps nobody who reads a report.
const LOG_BYTES: usize = 256 * 1024;

/// What is on record of a release.
#[derive(Debug, Serialize)]
pub(super) struct Evidence {
    pub(super) project: ProjectName,
    pub(super) made: Timestamp,
    pub(super) made_by: String,
    pub(super) shipway: &'static str,
    pub(super) release: Release,
    pub(super) gates: Vec<Checked>,
    pub(super) requests: Vec<Request>,
    pub(super) deployments: Vec<Attempt>,
    pub(super) audit: Vec<AuditRecord>,
}

/// What a gate said of the commit.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    #[serde(flatten)]
    pub(super) run: GateRun,
    /// What it wrote; nothing where the log was removed.
    pub(super) log_text: Option<String>,
}

/// A deployment of the release.
#[derive(Debug, Serialize)]
pub(super) struct Attempt {
    #[serde(flatten)]
    document: serde_json::Value,
    pub(super) journal: Vec<Record>,
    #[serde(skip)]
    pub(super) deployment: Deployment,
}

/// Puts together what is on record, each list in the order in which things happened.
pub(super) fn collect(context: &Context, release: Release) -> Result<Evidence> {
    const ALL: usize = i64::MAX as usize;
    let store = &context.engine.store;
    let mut deployments = Vec::new();
    for deployment in store.deployments_with(&release.id)? {
        deployments.push(Attempt {
            document: history::document(&deployment),
            journal: store.journal(deployment.id)?,
            deployment,
        });
    }
    let mut requests = store.requests(&RequestPage {
        limit: ALL,
        ..RequestPage::default()
    })?;
    requests.retain(|request| is_about(request, &release, &deployments));
    requests.reverse();
    let mut gates: Vec<Checked> = store
        .gate_runs(&release.commit)?
        .into_iter()
        .map(|run| Checked {
            log_text: read(&store.directory().join(&run.log)),
            run,
        })
        .collect();
    gates.reverse();
    let ids: Vec<String> = deployments
        .iter()
        .map(|attempt| attempt.deployment.id.to_string())
        .chain(requests.iter().map(|request| request.id.to_string()))
        .chain([release.id.to_string()])
        .collect();
    let mut audit = store.audit_trail(ALL)?;
    audit.retain(|line| is_named(&line.subject, &ids));
    audit.reverse();
    Ok(Evidence {
        project: release.project.clone(),
        made: now(),
        made_by: context.engine.actor.clone(),
        shipway: env!("CARGO_PKG_VERSION"),
        release,
        gates,
        requests,
        deployments,
        audit,
    })
}

fn is_about(request: &Request, release: &Release, deployments: &[Attempt]) -> bool {
    let is_agreed = |request: &Request| {
        let agreed = request.agreement.as_ref();
        agreed.is_some_and(|agreement| agreement.release == release.id)
    };
    let is_wanted = match &request.want {
        Want::Deploy { commit } => *commit == release.commit,
        Want::Release { release: wanted } => *wanted == release.id,
        Want::Rollback { to } => to.as_ref() == Some(&release.id),
        Want::Promote | Want::Remove => false,
    };
    let made = |attempt: &Attempt| attempt.deployment.request == Some(request.id);
    is_wanted || is_agreed(request) || deployments.iter().any(made)
}

/// Whether a line is about one of these: ids stand in it as words.
fn is_named(subject: &str, ids: &[String]) -> bool {
    let mut words = subject.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| ids.iter().any(|id| id == word))
}

fn read(path: &std::path::Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let from = bytes.len().saturating_sub(LOG_BYTES);
    Some(String::from_utf8_lossy(&bytes[from..]).into_owned())
}
