//! Gates: named checks of a commit, and what they say.
//!
//! ```text
//! shipway.yml ──► Gate ──► Schedule: what may run now, what is skipped
//!                                      │ how a command ended, what it reported
//!                                      ▼
//!                                   judge ──► Verdict
//! ```

mod finding;
mod judge;
mod report;
mod schedule;
mod split;
mod waiver;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use judge::{Ended, Evidence, Judgement, Known, judge};
pub use schedule::{Schedule, Standing};
pub use split::{Timings, split};
pub use waiver::Waiver;

use crate::config::serialize_duration;
use crate::digest::Digest;
use crate::name::GateName;
use crate::time::Timestamp;

/// A named check of a commit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// Its name.
    pub name: GateName,
    /// What `sh -c` runs.
    pub run: String,
    /// Where it runs.
    #[serde(rename = "in")]
    pub place: Place,
    /// The gates that must have passed before it begins.
    pub needs: Vec<GateName>,
    /// Each run is killed after this long.
    #[serde(serialize_with = "serialize_duration")]
    pub timeout: Duration,
    /// How often a run that failed is tried again.
    pub retries: u32,
    /// In how many parts it runs at the same time.
    pub parallel: u32,
    /// For how long a pass counts; `None` for ever, as the same commit is the same files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<Seconds>,
    /// What it writes, and what must hold of that.
    pub reports: Reports,
    /// Findings that are let through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

/// Where a gate's command runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On this host, in a clean export of the commit.
    #[default]
    Host,
    /// In a container of the image that was built of the commit, in that image's own tree.
    Image,
}

/// A duration in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

/// The reports that a gate writes, by their paths in the export.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reports {
    /// Test results as JUnit XML: no failure, and at least one test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub junit: Option<String>,
    /// Coverage as Cobertura XML or lcov: no less than the minimum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Findings as SARIF: none of this level or above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sarif: Option<Sarif>,
    /// Known vulnerabilities as `pip-audit --format json` writes them: none, and nothing skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pip_audit: Option<String>,
}

/// How much of the code must be covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The report's path.
    pub path: String,
    /// The share of lines, from 0 to 1.
    pub minimum: f64,
    /// By how much it may be below that of the last release; `None` for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_drop: Option<f64>,
}

/// Which findings matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sarif {
    /// The report's path.
    pub path: String,
    /// Findings below it are let through.
    pub level: SarifLevel,
    /// A report of the commit with findings that are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// The levels of SARIF 2.1.0 (§3.27.10), in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SarifLevel {
    /// Nothing to act on.
    None,
    /// Minor.
    Note,
    /// A problem.
    Warning,
    /// A serious problem.
    Error,
}

/// What a gate says of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Nothing is wrong.
    Passed,
    /// Something is.
    Failed {
        /// What.
        reason: String,
    },
    /// It cannot be told, which is no pass.
    Inconclusive {
        /// Why not.
        reason: String,
    },
}

// === impl Gate ===

impl Gate {
    /// Names what is checked: another command or report is another check, and an old verdict
    /// says nothing of it.
    ///
    /// When a gate runs (`needs`, `retries`) is no part of what it says.
    #[must_use]
    pub fn definition(&self) -> Digest {
        let what = (&self.run, self.parallel, &self.reports, &self.waivers);
        let text = match self.place {
            Place::Host => serde_json::to_vec(&what),
            Place::Image => serde_json::to_vec(&(what, self.place)),
        };
        Digest::of(&text.expect("a gate has only text keys"))
    }

    /// Whether a pass of that time still says something: it may have grown old, and a waiver that
    /// it rests on may have ended since.
    #[must_use]
    pub fn is_fresh(&self, passed: Timestamp, now: Timestamp) -> bool {
        let age = now.since(passed).as_secs();
        let mut waivers = self.waivers.iter();
        self.valid_for.is_none_or(|valid| age < valid.0)
            && waivers.all(|waiver| waiver.holds(now) || !waiver.holds(passed))
    }

    /// The paths of the reports that the commit itself holds.
    pub fn baseline_paths(&self) -> impl Iterator<Item = &str> {
        let sarif = self.reports.sarif.iter();
        sarif.filter_map(|sarif| sarif.baseline.as_deref())
    }

    /// The paths of its reports.
    pub fn report_paths(&self) -> impl Iterator<Item = &str> {
        let reports = &self.reports;
        [
            reports.junit.as_deref(),
            reports.coverage.as_ref().map(|coverage| &*coverage.path),
            reports.sarif.as_ref().map(|sarif| &*sarif.path),
            reports.pip_audit.as_deref(),
        ]
        .into_iter()
        .flatten()
    }
}

// === impl Verdict ===

impl Verdict {
    /// Whether the commit may go on.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        *self == Self::Passed
    }

    /// One word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }

    /// What speaks against the commit.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed { reason } | Self::Inconclusive { reason } => Some(reason),
        }
    }

    /// The worse of two: a failure is worse than what cannot be told.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Passed, _) | (Self::Inconclusive { .. }, Self::Failed { .. }) => other,
            _ => self,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
            Self::Inconclusive { reason } => write!(f, "inconclusive: {reason}"),
        }
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// A gate of a name that needs others.
    pub(super) fn gate(name: &str, needs: &[&str]) -> Gate {
        Gate {
            name: name.parse().unwrap(),
            run: "true".to_owned(),
            place: Place::Host,
            needs: needs.iter().map(|need| need.parse().unwrap()).collect(),
            timeout: Duration::from_secs(1),
            retries: 0,
            parallel: 1,
            valid_for: None,
            reports: Reports::default(),
            waivers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::gate;
    use super::waiver::testing::waiver;
    use super::*;

    #[test]
    fn the_worse_of_two_verdicts_counts() {
        let failed = Verdict::Failed {
            reason: "a".to_owned(),
        };
        let unknown = Verdict::Inconclusive {
            reason: "b".to_owned(),
        };
        assert_eq!(Verdict::Passed.and(unknown.clone()), unknown);
        assert_eq!(unknown.clone().and(Verdict::Passed), unknown);
        assert_eq!(unknown.and(failed.clone()), failed);
        assert_eq!(Verdict::Passed.and(Verdict::Passed), Verdict::Passed);
    }

    #[test]
    fn what_is_checked_names_a_gate_and_when_does_not() {
        let one = gate("lint", &[]);
        let mut other = gate("style", &["tests"]);
        assert_eq!(one.definition(), other.definition());
        other.run = "ruff check".to_owned();
        assert_ne!(one.definition(), other.definition());
        let mut inside = one.clone();
        inside.place = Place::Image;
        assert_ne!(one.definition(), inside.definition());
    }

    #[test]
    fn a_pass_ends_with_the_waiver_that_it_rests_on() {
        let day = 86_400_000;
        let mut gate = gate("audit", &[]);
        assert!(gate.is_fresh(Timestamp(0), Timestamp(9 * day)));
        gate.waivers = vec![waiver("B105", None)];
        assert!(gate.is_fresh(Timestamp(0), Timestamp(day)));
        assert!(!gate.is_fresh(Timestamp(0), Timestamp(9 * day)));
        assert!(gate.is_fresh(Timestamp(8 * day), Timestamp(9 * day)));
        gate.valid_for = Some(Seconds(60));
        assert!(!gate.is_fresh(Timestamp(8 * day), Timestamp(9 * day)));
    }
}
