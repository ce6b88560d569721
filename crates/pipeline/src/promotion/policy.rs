//! What an environment asks of a release before it takes it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Freeze;
use crate::config::{render_duration, serialize_duration};
use crate::id::ReleaseId;
use crate::name::EnvironmentName;
use crate::time::Timestamp;

/// What an environment asks of a release before it takes it, besides its gates.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Policy {
    /// Branch patterns, one of which holds the commit; any branch where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// How long a release has been stable in the environment before.
    #[serde(serialize_with = "serialize_duration")]
    pub soak: Duration,
    /// When nothing is deployed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<Freeze>,
    /// Who consents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// The shorter way for what cannot wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hotfix: Option<Hotfix>,
}

/// Who consents to a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// How many people.
    pub required: u32,
    /// Their groups, for messages; anybody where there is none.
    pub groups: Vec<String>,
    /// Who is in these groups.
    pub people: BTreeSet<String>,
    /// A request that is not complete by then has to be made again.
    #[serde(serialize_with = "serialize_duration")]
    pub expires: Duration,
}

/// The shorter way for what cannot wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hotfix {
    /// Branch patterns, one of which holds the commit.
    pub branches: Vec<String>,
    /// The environment whose stable release is taken; the usual one where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<EnvironmentName>,
    /// How long it has been stable there.
    #[serde(serialize_with = "serialize_duration")]
    pub soak: Duration,
    /// How many people consent; as many as always where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<u32>,
}

/// Which way a release goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// By all the rules.
    #[default]
    Regular,
    /// By the shorter rules of what cannot wait, with a reason.
    Hotfix,
    /// Past the rules, with a reason that stays on record.
    BreakGlass,
}

/// A commit or release that wants to be deployed.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The branches that hold its commit.
    pub branches: &'a [String],
    /// Where it comes from; none where it is not promoted.
    pub stable: Option<StableIn<'a>>,
}

/// A release that is stable in the environment before.
#[derive(Debug, Clone, Copy)]
pub struct StableIn<'a> {
    /// Which.
    pub release: &'a ReleaseId,
    /// Where.
    pub environment: &'a EnvironmentName,
    /// Since when.
    pub since: Timestamp,
}

/// What speaks against a deployment now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The commit is on no branch that may come here.
    #[error("{} none of {}", on(.held), listed(.allowed))]
    Branch {
        /// The branches that hold it.
        held: Vec<String>,
        /// Those that may.
        allowed: Vec<String>,
    },
    /// It has not been stable for long enough.
    #[error("release {release} has not been stable in `{from}` for {} yet", render_duration(*.soak))]
    Young {
        /// The release.
        release: ReleaseId,
        /// The environment before.
        from: EnvironmentName,
        /// For how long it has to be.
        soak: Duration,
        /// When it will have been.
        until: Timestamp,
    },
    /// Nothing is deployed at this time.
    #[error("nothing is deployed at this time{}", .reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    Frozen {
        /// Why.
        reason: Option<String>,
        /// When it ends.
        until: Timestamp,
    },
    /// There is no shorter way.
    #[error("the environment has no `hotfix` in its `policy`")]
    NoHotfix,
}

// === impl Lane ===

impl Lane {
    /// The lane's name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Hotfix => "hotfix",
            Self::BreakGlass => "break-glass",
        }
    }

    /// Whether somebody has to say why.
    pub fn needs_reason(self) -> bool {
        self != Self::Regular
    }
}

// === impl Objection ===

impl Objection {
    /// When it will no longer hold, if that is only a matter of time.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Young { until, .. } | Self::Frozen { until, .. } => Some(*until),
            Self::Branch { .. } | Self::NoHotfix => None,
        }
    }
}

// === impl Policy ===

impl Policy {
    /// Everything that speaks against a release now, so that nobody waits for one thing only to
    /// be refused for another.
    pub fn objections(
        &self,
        lane: Lane,
        candidate: &Candidate<'_>,
        now: Timestamp,
    ) -> Vec<Objection> {
        let (branches, soak) = match (lane, &self.hotfix) {
            (Lane::BreakGlass, _) => return Vec::new(),
            (Lane::Hotfix, None) => return vec![Objection::NoHotfix],
            (Lane::Hotfix, Some(hotfix)) => (&hotfix.branches, hotfix.soak),
            (Lane::Regular, _) => (&self.branches, self.soak),
        };
        let mut objections = Vec::new();
        if !branches.is_empty() && !candidate.branches.iter().any(|one| is_one(one, branches)) {
            objections.push(Objection::Branch {
                held: candidate.branches.to_vec(),
                allowed: branches.clone(),
            });
        }
        let young = candidate
            .stable
            .filter(|stable| now < stable.since.after(soak));
        objections.extend(young.map(|stable| Objection::Young {
            release: stable.release.clone(),
            from: stable.environment.clone(),
            soak,
            until: stable.since.after(soak),
        }));
        let ends = self.freeze.iter().filter_map(|freeze| {
            let until = freeze.ends(now)?;
            let reason = freeze.reason.clone();
            Some(Objection::Frozen { reason, until })
        });
        objections.extend(ends);
        objections
    }

    /// Who consents on this way; nobody where none is needed.
    pub fn approvals(&self, lane: Lane) -> Option<Approvals> {
        let usual = self.approvals.as_ref()?;
        let hotfix = self.hotfix.as_ref().and_then(|hotfix| hotfix.required);
        let required = match lane {
            Lane::Regular => usual.required,
            Lane::Hotfix => hotfix.unwrap_or(usual.required),
            Lane::BreakGlass => 0,
        };
        (required > 0).then(|| Approvals {
            required,
            ..usual.clone()
        })
    }
}

/// Whether a branch is one of those that the patterns mean.
pub(crate) fn is_one(branch: &str, patterns: &[String]) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| {
        // `feature/*` takes `feature/a/b` as well.
        let glob = globset::GlobBuilder::new(pattern)
            .literal_separator(false)
            .build();
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
    })
}

fn on(held: &[String]) -> String {
    match held {
        [] => "the commit is on no branch, so on".to_owned(),
        [..] => format!("the commit is on {}, and on", listed(held)),
    }
}

fn listed(branches: &[String]) -> String {
    let quoted: Vec<String> = branches.iter().map(|one| format!("`{one}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::freeze::{Window, Zone};
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn policy() -> Policy {
        Policy {
            branches: vec!["main".to_owned(), "release/*".to_owned()],
            soak: HOUR,
            freeze: Vec::new(),
            approvals: Some(Approvals {
                required: 2,
                groups: vec!["managers".to_owned()],
                people: BTreeSet::from(["anna".to_owned(), "ben".to_owned()]),
                expires: 24 * HOUR,
            }),
            hotfix: Some(Hotfix {
                branches: vec!["hotfix/*".to_owned()],
                from: None,
                soak: Duration::ZERO,
                required: Some(1),
            }),
        }
    }

    fn objections(policy: &Policy, lane: Lane, branch: &str, now: Timestamp) -> Vec<Objection> {
        let release = "r0000000000aa".parse().unwrap();
        let staging = "staging".parse().unwrap();
        let candidate = Candidate {
            branches: &[branch.to_owned()],
            stable: Some(StableIn {
                release: &release,
                environment: &staging,
                since: Timestamp(0),
            }),
        };
        policy.objections(lane, &candidate, now)
    }

    #[test]
    fn all_that_speaks_against_a_release_is_told_at_once() {
        let all = objections(&policy(), Lane::Regular, "feature/x", Timestamp(5));
        let told: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "the commit is on `feature/x`, and on none of `main`, `release/*`",
                "release r0000000000aa has not been stable in `staging` for 1h yet",
            ]
        );
        assert_eq!(all[1].until(), Some(Timestamp(0).after(HOUR)));
    }

    #[test]
    fn time_and_a_branch_that_may_settle_it() {
        let later = Timestamp(0).after(HOUR);
        assert_eq!(
            objections(&policy(), Lane::Regular, "release/1.2", later),
            []
        );
        let of_any = Policy {
            branches: Vec::new(),
            ..policy()
        };
        assert_eq!(objections(&of_any, Lane::Regular, "feature/x", later), []);
    }

    #[test]
    fn a_hotfix_has_rules_of_its_own() {
        let now = Timestamp(5);
        assert_eq!(objections(&policy(), Lane::Hotfix, "hotfix/1", now), []);
        assert_eq!(objections(&policy(), Lane::Hotfix, "main", now).len(), 1);
        let none = Policy {
            hotfix: None,
            ..policy()
        };
        assert_eq!(
            objections(&none, Lane::Hotfix, "hotfix/1", now),
            [Objection::NoHotfix]
        );
    }

    #[test]
    fn a_freeze_holds_for_all_but_who_breaks_the_glass() {
        let frozen = Policy {
            freeze: vec![Freeze {
                window: Window::Once {
                    from: "1970-01-01T00:00".parse().unwrap(),
                    until: "1970-01-02T00:00".parse().unwrap(),
                },
                time_zone: Zone::utc(),
                reason: Some("holidays".to_owned()),
            }],
            soak: Duration::ZERO,
            ..policy()
        };
        let now = Timestamp(5);
        for (lane, branch, told) in [
            (Lane::Regular, "main", 1),
            (Lane::Hotfix, "hotfix/1", 1),
            (Lane::BreakGlass, "feature/x", 0),
        ] {
            assert_eq!(
                objections(&frozen, lane, branch, now).len(),
                told,
                "{lane:?}"
            );
        }
    }

    #[test]
    fn each_way_asks_for_its_own_number_of_people() {
        let required = |lane| policy().approvals(lane).map(|it| it.required);
        assert_eq!(required(Lane::Regular), Some(2));
        assert_eq!(required(Lane::Hotfix), Some(1));
        assert_eq!(required(Lane::BreakGlass), None);
    }
}
