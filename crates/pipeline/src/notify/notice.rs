//! What is told, put together: the same for every channel, and stored as it was first sent.

use serde::{Deserialize, Serialize};

use super::Event;
use crate::backup::Chore;
use crate::deployment::Cause;
use crate::id::{DeploymentId, ReleaseId, RequestId};
use crate::name::{EnvironmentName, ProjectName};
use crate::plan::Kind;
use crate::release::Release;
use crate::time::Timestamp;

/// Version of the stored form, which is that of signed webhooks too.
pub const VERSION: u16 = 1;

/// What is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// [`VERSION`] at the time of its making.
    pub version: u16,
    /// What happened.
    #[serde(rename = "type")]
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Who wanted it.
    pub by: String,
    /// The deployment that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deployment: Option<DeploymentId>,
    /// The request that it is about, or that the deployment was made for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request: Option<RequestId>,
    /// Why the deployment was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<Kind>,
    /// What failed about backups.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chore: Option<Chore>,
    /// The release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub release: Option<ReleaseId>,
    /// Its commit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// The first line of the commit's message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// The branch that it was built from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub branch: Option<String>,
    /// Why it came so, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What shows it, one a line.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub millis: Option<u64>,
    /// The command that tells more, or that is asked for.
    pub command: String,
}

// === impl Notice ===

impl Notice {
    /// One that tells nothing but what and where.
    pub fn new(
        event: Event,
        (project, environment): (&ProjectName, &EnvironmentName),
        by: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            event,
            at,
            project: project.clone(),
            environment: environment.clone(),
            by: by.to_owned(),
            deployment: None,
            request: None,
            kind: None,
            chore: None,
            release: None,
            commit: None,
            subject: None,
            branch: None,
            reason: None,
            evidence: Vec::new(),
            millis: None,
            command: "shipway status".to_owned(),
        }
    }

    /// That somebody tries a channel.
    pub fn test(place: (&ProjectName, &EnvironmentName), by: &str, at: Timestamp) -> Self {
        let mut notice = Self::new(Event::Test, place, by, at);
        notice.reason = Some("if you can read this, the channel works".to_owned());
        notice
    }

    /// With the release that it is about.
    #[must_use]
    pub fn with_release(mut self, id: &ReleaseId, release: Option<&Release>) -> Self {
        self.release = Some(id.clone());
        self.commit = release.map(|release| release.commit.clone());
        self.subject = release.map(|release| release.subject.clone());
        self.branch = release.and_then(|release| release.branch.clone());
        self
    }

    /// Whether it tells of a rollback that somebody wanted, and that went well.
    pub fn is_wanted_rollback(&self) -> bool {
        self.event == Event::RolledBack
            && self.kind == Some(Kind::Rollback)
            && self.reason.is_none()
    }

    /// With why it came so.
    #[must_use]
    pub fn with_cause(mut self, cause: Option<&Cause>) -> Self {
        self.reason = cause.map(ToString::to_string);
        self.evidence = cause
            .map(|cause| cause.evidence().to_vec())
            .unwrap_or_default();
        self
    }

    /// Names what is sent to a channel, however often that is: receivers tell by it what they have
    /// already.
    pub fn delivery(&self, mark: &str, channel: &str) -> String {
        let text = format!("{}\n{mark}\n{channel}\n{}", self.project, self.at.0);
        let digest = crate::digest::Digest::of(text.as_bytes());
        format!("msg_{}", &digest.hex()[..24])
    }
}
