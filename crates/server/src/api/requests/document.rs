//! Requests as callers read and write them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::push::printable;
use shipway_pipeline::release::Release;
use shipway_pipeline::request::{Origin, Request as Record, State, Want};
use shipway_store::Listed;

use super::unprocessable;
use crate::problem::Problem;

/// Requests, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The requests.
    pub requests: Vec<Request>,
    /// The records of the same, where they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schemars(with = "Vec<Value>")]
    pub records: Vec<Record>,
    /// `before` of the next page, where there may be one.
    pub next: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Its number.
    pub id: String,
    /// Where.
    pub environment: String,
    /// What is wanted.
    pub want: Value,
    /// By which rules: `regular`, `hotfix` or `break_glass`.
    pub lane: String,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The branch that was pushed to, where it came of a push.
    pub branch: Option<String>,
    /// When it was made.
    pub created: u64,
    /// `queued`, `running`, `waiting` or `ended`.
    pub state: String,
    /// Where it stands, or how it ended, in words.
    pub standing: String,
    /// How it ended.
    pub end: Option<Value>,
    /// The digest of the plan that people consent to.
    pub plan: Option<String>,
    /// Who consented.
    pub approvals: Vec<String>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Where.
    pub environment: String,
    /// What.
    pub want: Wanted,
    /// By which rules.
    #[serde(default)]
    pub lane: WishedLane,
    /// Why; needed for everything that is not regular.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Wanted {
    /// A commit, built if need be.
    Deploy {
        /// A commit, branch or tag.
        commit: String,
    },
    /// A release that was built before.
    Release {
        /// Which.
        release: String,
    },
    /// What is stable in the environment before.
    Promote,
    /// What was stable here before.
    Rollback {
        /// Which; the last one where it is not given.
        #[serde(default)]
        to: Option<String>,
    },
}

/// By which rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WishedLane {
    /// By all of them.
    #[default]
    Regular,
    /// By those of what cannot wait.
    Hotfix,
    /// Past them; takes the role `approver`.
    BreakGlass,
}

/// A request with all that is on record of it, for those who decide about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Whole {
    /// The record.
    #[schemars(with = "Value")]
    pub request: Record,
    /// The release that its plan is about.
    #[schemars(with = "Option<Value>")]
    pub release: Option<Release>,
    /// Whose consent it needs, by the rules of now.
    pub needs: Option<Needs>,
}

/// Whose consent a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needs {
    /// How many more people have to consent.
    pub missing: u32,
    /// The groups that they belong to; anybody where there is none.
    pub groups: Vec<String>,
}

/// Somebody's consent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The digest of the plan that they saw; that of the request where it is not given.
    #[serde(default)]
    pub plan: Option<String>,
}

/// Why somebody refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// An empty object: a body shows that no page of another place made the call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

// === impl Request, Wanted, WishedLane ===

impl Request {
    pub(crate) fn of(record: &Record) -> Self {
        let agreement = record.agreement.as_ref();
        Self::with_consent(record, agreement.map(|agreement| &agreement.digest))
    }

    pub(super) fn listed(one: Listed) -> Self {
        Self::with_consent(&one.request, one.consent.as_ref())
    }

    fn with_consent(record: &Record, consent: Option<&Digest>) -> Self {
        let branch = match &record.origin {
            Origin::Push { branch } => Some(branch.clone()),
            Origin::Person => None,
        };
        let end = match &record.state {
            State::Ended { end, .. } => serde_json::to_value(end).ok(),
            _ => None,
        };
        Self {
            id: record.id.to_string(),
            environment: record.environment.to_string(),
            want: serde_json::to_value(&record.want).unwrap_or_default(),
            lane: record.lane.as_str().replace('-', "_"),
            by: record.by.clone(),
            reason: record.reason.clone(),
            branch,
            created: record.created.0,
            state: record.state.as_str().to_owned(),
            standing: record.state.to_string(),
            end,
            plan: consent.map(ToString::to_string),
            approvals: record.approvals.iter().map(|one| one.by.clone()).collect(),
        }
    }
}

impl Wanted {
    pub(super) fn read(self) -> Result<Want, Problem> {
        let release = |text: String| {
            text.parse()
                .map_err(|_| unprocessable(format!("`{}` is no release", printable(&text))))
        };
        Ok(match self {
            Self::Deploy { commit } => {
                let is_name =
                    |byte: u8| byte.is_ascii_alphanumeric() || b"._/-+@#=".contains(&byte);
                let is_plain = commit.len() <= 200 && commit.bytes().all(is_name);
                if !is_plain
                    || commit.is_empty()
                    || commit.starts_with('-')
                    || commit.contains("..")
                {
                    let told = format!("`{}` is no commit, branch or tag", printable(&commit));
                    return Err(unprocessable(told));
                }
                Want::Deploy { commit }
            }
            Self::Release { release: text } => Want::Release {
                release: release(text)?,
            },
            Self::Promote => Want::Promote,
            Self::Rollback { to } => Want::Rollback {
                to: to.map(release).transpose()?,
            },
        })
    }
}

impl From<WishedLane> for Lane {
    fn from(lane: WishedLane) -> Self {
        match lane {
            WishedLane::Regular => Self::Regular,
            WishedLane::Hotfix => Self::Hotfix,
            WishedLane::BreakGlass => Self::BreakGlass,
        }
    }
}
