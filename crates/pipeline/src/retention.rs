//! Which releases' artifacts are still needed, and which may go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::id::ReleaseId;
use crate::name::EnvironmentName;
use crate::release::Release;

/// What an environment needs.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Which.
    pub environment: EnvironmentName,
    /// What has the traffic.
    pub live: Option<ReleaseId>,
    /// The last release that finished its bake.
    pub stable: Option<ReleaseId>,
    /// Everything that finished its bake there, the newest first.
    pub was_stable: Vec<ReleaseId>,
    /// What a deployment that is not over runs, or returns to.
    pub under_way: Vec<ReleaseId>,
}

/// Why a release is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "for")]
pub enum Reason {
    /// It has the traffic of an environment.
    Live {
        /// Which.
        environment: EnvironmentName,
    },
    /// It is an environment's stable release.
    Stable {
        /// Which.
        environment: EnvironmentName,
    },
    /// A deployment that is not over needs it.
    UnderWay {
        /// Where.
        environment: EnvironmentName,
    },
    /// An environment can roll back to it.
    Rollback {
        /// Which.
        environment: EnvironmentName,
    },
    /// It was built lately, and may be deployed yet.
    Recent,
}

/// What becomes of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which.
    pub release: ReleaseId,
    /// Why it is kept; it goes where there is no reason.
    pub kept: Vec<Reason>,
    /// What goes with it: by service, what no release that is kept has.
    pub artifacts: BTreeMap<String, String>,
}

/// Decides which releases are needed. `releases` are those whose artifacts are there, the newest
/// first; `keep` is how many of them are kept for each environment to roll back to, at least one,
/// and how many of the newest.
pub fn decide(releases: &[Release], environments: &[Needs], keep: usize) -> Vec<Verdict> {
    let keep = keep.max(1);
    let mut reasons: BTreeMap<ReleaseId, BTreeSet<Reason>> = BTreeMap::new();
    let mut need = |release: &ReleaseId, reason: Reason| {
        reasons.entry(release.clone()).or_default().insert(reason);
    };
    for release in releases.iter().take(keep) {
        need(&release.id, Reason::Recent);
    }
    for needs in environments {
        for (release, reason) in needs.reasons(keep) {
            need(release, reason);
        }
    }
    let is_kept = |release: &Release| reasons.contains_key(&release.id);
    let needed: BTreeSet<&String> = releases
        .iter()
        .filter(|release| is_kept(release))
        .flat_map(|release| release.artifacts.values())
        .collect();
    releases
        .iter()
        .map(|release| Verdict {
            release: release.id.clone(),
            kept: reasons
                .get(&release.id)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            artifacts: if is_kept(release) {
                BTreeMap::new()
            } else {
                removable(release, &needed)
            },
        })
        .collect()
}

/// What was made for a release and for none that is kept. Images that were pulled from elsewhere
/// are not ours to remove.
fn removable(release: &Release, needed: &BTreeSet<&String>) -> BTreeMap<String, String> {
    let made = release.made();
    made.into_iter()
        .filter(|(_, artifact)| !needed.contains(artifact))
        .collect()
}

// === impl Needs ===

impl Needs {
    fn reasons(&self, keep: usize) -> Vec<(&ReleaseId, Reason)> {
        let environment = || self.environment.clone();
        let mut reasons = Vec::new();
        if let Some(live) = &self.live {
            let environment = environment();
            reasons.push((live, Reason::Live { environment }));
        }
        if let Some(stable) = &self.stable {
            let environment = environment();
            reasons.push((stable, Reason::Stable { environment }));
        }
        for release in &self.under_way {
            let environment = environment();
            reasons.push((release, Reason::UnderWay { environment }));
        }
        let mut targets: Vec<&ReleaseId> = Vec::new();
        for release in self.stable.iter().chain(&self.was_stable) {
            if Some(release) != self.live.as_ref() && !targets.contains(&release) {
                targets.push(release);
            }
        }
        for target in targets.into_iter().take(keep) {
            let environment = environment();
            reasons.push((target, Reason::Rollback { environment }));
        }
        reasons
    }
}

// === impl Verdict ===

impl Verdict {
    /// Whether the release's artifacts may go.
    pub fn is_needless(&self) -> bool {
        self.kept.is_empty()
    }
}

// === impl Reason ===

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live { environment } => write!(f, "live in {environment}"),
            Self::Stable { environment } => write!(f, "stable in {environment}"),
            Self::UnderWay { environment } => write!(f, "under way in {environment}"),
            Self::Rollback { environment } => write!(f, "{environment} can roll back to it"),
            Self::Recent => f.write_str("built lately"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures;

    fn id(number: usize) -> ReleaseId {
        format!("r{number:012x}").parse().unwrap()
    }

    fn release(number: usize, artifact: usize) -> Release {
        let mut release = fixtures::release();
        release.id = id(number);
        release.artifacts = [("web".to_owned(), format!("sha256:{artifact}"))].into();
        release
    }

    fn needs(live: usize, was_stable: &[usize]) -> Needs {
        Needs {
            environment: "production".parse().unwrap(),
            live: Some(id(live)),
            stable: was_stable.first().map(|number| id(*number)),
            was_stable: was_stable.iter().map(|number| id(*number)).collect(),
            under_way: vec![],
        }
    }

    fn gone(verdicts: &[Verdict]) -> Vec<ReleaseId> {
        let needless = verdicts.iter().filter(|verdict| verdict.is_needless());
        needless.map(|verdict| verdict.release.clone()).collect()
    }

    #[test]
    fn what_nobody_can_return_to_goes() {
        let releases: Vec<_> = (0..6).rev().map(|number| release(number, number)).collect();
        let verdicts = decide(&releases, &[needs(4, &[4, 3, 2, 1])], 1);
        // 5 is new, 4 is live, 3 is the target of a rollback.
        assert_eq!(gone(&verdicts), [id(2), id(1), id(0)]);
        let verdicts = decide(&releases, &[needs(4, &[4, 3, 2, 1])], 2);
        assert_eq!(gone(&verdicts), [id(1), id(0)]);
    }

    #[test]
    fn what_a_kept_release_has_stays() {
        let releases = [release(2, 7), release(1, 7), release(0, 0)];
        let verdicts = decide(&releases, &[needs(2, &[2])], 1);
        assert_eq!(gone(&verdicts), [id(1), id(0)]);
        assert_eq!(verdicts[1].artifacts, [].into());
        assert_eq!(verdicts[2].artifacts.len(), 1);
    }

    #[test]
    fn images_of_others_stay() {
        let mut with_database = release(0, 0);
        with_database.platforms = vec!["linux/amd64".to_owned()];
        with_database.builds = [("web".parse().unwrap(), crate::digest::Digest::of(b""))].into();
        with_database
            .artifacts
            .insert("db".to_owned(), "sha256:17".to_owned());
        let verdicts = decide(&[release(1, 1), with_database], &[], 1);
        let names: Vec<_> = verdicts[1].artifacts.keys().collect();
        assert_eq!(names, ["web"]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_needed_goes(
            count in 1_usize..12,
            keep in 0_usize..4,
            artifacts in proptest::collection::vec(0_usize..6, 12),
            live in 0_usize..12,
            stable in 0_usize..12,
            target in 0_usize..12,
            under_way in proptest::collection::vec(0_usize..12, 0..3),
            older in proptest::collection::vec(0_usize..12, 0..6),
        ) {
            let releases: Vec<_> = (0..count).rev().map(|n| release(n, artifacts[n])).collect();
            let mut was_stable = vec![stable, target];
            was_stable.extend(older);
            let mut needs = needs(live, &was_stable);
            needs.under_way = under_way.iter().map(|number| id(*number)).collect();
            let verdicts = decide(&releases, std::slice::from_ref(&needs), keep);
            let rollback = needs.was_stable.iter().find(|release| Some(*release) != needs.live.as_ref());
            let needed: Vec<_> = needs.live.iter().chain(&needs.stable).chain(rollback)
                .chain(&needs.under_way).collect();
            let removed: BTreeSet<_> = verdicts.iter().flat_map(|one| one.artifacts.values()).collect();
            for release in &releases {
                if needed.contains(&&release.id) {
                    prop_assert!(!gone(&verdicts).contains(&release.id));
                    prop_assert!(!release.artifacts.values().any(|one| removed.contains(one)));
                }
            }
            prop_assert_eq!(verdicts.len(), releases.len());
        }
    }
}
