//! Code forges: what they are told of a deployment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Event, Message, Notice, Reference};
use crate::plan::Kind;

/// A repository on a forge that is told of deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forge {
    /// What it is.
    pub forge: ForgeKind,
    /// The URL that the paths of its API are put behind.
    pub api: String,
    /// The repository.
    pub repository: String,
    /// What shows who we are.
    pub token: Reference,
    /// Where a reader is sent to, with places for what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// What a forge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ForgeKind {
    /// GitHub, or GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

/// Where a deployment stands, as forges know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is under way.
    Running,
    /// What was wanted is so.
    Succeeded,
    /// It is not.
    Failed,
    /// Somebody, or something newer, stopped it.
    Stopped,
}

// === impl Forge ===

impl Forge {
    /// What a forge is told of.
    pub const EVENTS: [Event; 7] = [
        Event::Started,
        Event::Deployed,
        Event::Failed,
        Event::RolledBack,
        Event::RollbackFailed,
        Event::Cancelled,
        Event::Superseded,
    ];

    /// Where a reader of this notice is sent to.
    pub fn link_of(&self, notice: &Notice) -> Option<String> {
        let text = |id: Option<String>| id.unwrap_or_default();
        let link = self.link.as_ref()?;
        Some(
            link.replace("{environment}", notice.environment.as_str())
                .replace(
                    "{deployment}",
                    &text(notice.deployment.map(|id| id.to_string())),
                )
                .replace("{commit}", notice.commit.as_deref().unwrap_or_default()),
        )
    }
}

// === impl ForgeKind ===

impl ForgeKind {
    /// The API of the forge that everybody knows by the name.
    pub fn api(self) -> &'static str {
        match self {
            Self::GitHub => "https://api.github.com",
            Self::GitLab => "https://gitlab.com/api/v4",
        }
    }

    /// The kind's name as the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
        }
    }
}

// === impl Stand ===

impl Stand {
    /// Where a deployment stands that this is told of; nowhere where it is about something else.
    pub fn of(notice: &Notice) -> Option<Self> {
        let is_of_release = match notice.kind? {
            Kind::Deploy | Kind::Promote | Kind::Rollback => true,
            Kind::Scale | Kind::Down | Kind::Renew | Kind::Migrate | Kind::Restore => false,
        };
        if !is_of_release {
            return None;
        }
        match notice.event {
            Event::Started => Some(Self::Running),
            Event::Deployed => Some(Self::Succeeded),
            // Whoever asks for a rollback gets what they asked for.
            Event::RolledBack if notice.is_wanted_rollback() => Some(Self::Succeeded),
            Event::Failed | Event::RolledBack | Event::RollbackFailed => Some(Self::Failed),
            Event::Cancelled | Event::Superseded => Some(Self::Stopped),
            Event::Changed
            | Event::ApprovalWanted
            | Event::Approved
            | Event::Rejected
            | Event::Expired
            | Event::Refused
            | Event::BackupFailed
            | Event::Test => None,
        }
    }
}

/// What a forge shows beside a commit: the reason where there is one, else what happened.
pub(super) fn description(notice: &Notice, longest: usize) -> String {
    let message = Message::new(notice);
    let mut facts = message.facts.iter();
    let reason = facts.find(|(name, _)| *name == "Reason" && notice.event != Event::Started);
    let text = match reason {
        Some((_, reason)) => reason,
        None => message.title.as_str(),
    };
    super::render::limit(text, longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{forge, rolled_back};

    #[test]
    fn a_release_that_was_taken_back_has_failed_and_a_wanted_rollback_has_not() {
        let mut notice = rolled_back();
        assert_eq!(Stand::of(&notice), Some(Stand::Failed));
        notice.kind = Some(Kind::Rollback);
        notice.reason = None;
        assert_eq!(Stand::of(&notice), Some(Stand::Succeeded));
        // A commit is not to blame for what was done to its instances.
        notice.kind = Some(Kind::Scale);
        notice.event = Event::Failed;
        assert_eq!(Stand::of(&notice), None);
    }

    #[test]
    fn a_reader_is_sent_to_what_it_is_about() {
        let link = forge(ForgeKind::GitHub).link_of(&rolled_back());
        assert_eq!(
            link.as_deref(),
            Some("https://ci.example.org/production/d42")
        );
    }
}
