//! Gates as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::super::{default, render_duration};
use super::{DurationText, Name, RatioText};

/// A named check that a commit must pass before it is deployed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Gate {
    /// What `sh -c` runs.
    ///
    /// It gets `CI=true`, `SHIPWAY_COMMIT`, and `SHIPWAY_PART` and `SHIPWAY_PARTS` (from 1) where it
    /// runs in parts; on the host also `PATH`, `HOME`, `LANG`, `LC_ALL`, `TZ` and `USER` of the
    /// caller, in a container what the image sets.
    #[schemars(extend("examples" = ["ruff check ."]))]
    pub(in crate::config) run: Placed<String>,
    /// Where it runs: on this host in a clean export of the commit, or in a container of the image
    /// of the routed service that is built of the commit, in that image's own directory.
    ///
    /// In a container it sees nothing of an environment: no secrets, no services, no volumes.
    #[serde(rename = "in")]
    #[schemars(extend("default" = "host"))]
    pub(in crate::config) place: Option<GatePlace>,
    /// The gates that must have passed before it begins.
    #[schemars(extend("default" = []))]
    pub(in crate::config) needs: Option<Vec<Placed<Name>>>,
    /// Killed after this long.
    #[schemars(extend("default" = render_duration(default::GATE_TIMEOUT)))]
    pub(in crate::config) timeout: Option<Placed<DurationText>>,
    /// How often a run that did not pass is tried again.
    #[schemars(range(max = 5), extend("default" = 0))]
    pub(in crate::config) retries: Option<u32>,
    /// In how many parts it runs at the same time; `shipway gates split` says which tests each runs.
    #[schemars(range(min = 1, max = 64), extend("default" = 1))]
    pub(in crate::config) parallel: Option<u32>,
    /// For how long a pass counts. Give it to what asks others, such as an audit of dependencies.
    #[schemars(extend("x-default" = "for ever: the same commit is the same files", "examples" = ["24h"]))]
    pub(in crate::config) valid_for: Option<Placed<DurationText>>,
    /// What it writes, and what must hold of that.
    pub(in crate::config) reports: Option<Reports>,
    /// Findings of its reports that somebody lets through for a time.
    #[schemars(extend("default" = []))]
    pub(in crate::config) waivers: Option<Vec<Waiver>>,
}

/// Where a gate's command runs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum GatePlace {
    /// In a clean export of the commit.
    Host,
    /// In a container of the image that is built of the commit.
    Image,
}

/// A finding that somebody lets through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Waiver {
    /// The rule or the vulnerability, by any of its names.
    #[schemars(extend("examples" = ["B105", "CVE-2026-1234"]))]
    pub(in crate::config) finding: Placed<String>,
    /// Only in this file, below this folder, or in this package.
    #[schemars(extend("x-default" = "anywhere", "examples" = ["shop/payments/"]))]
    pub(in crate::config) place: Option<String>,
    /// Why it is let through.
    pub(in crate::config) reason: Placed<String>,
    /// Who answers for it.
    pub(in crate::config) owner: Placed<String>,
    /// The last day on which it holds, in UTC.
    #[schemars(extend("examples" = ["2027-01-31"]))]
    pub(in crate::config) expires: Placed<String>,
}

/// The reports that a gate writes, by their paths from where it runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Reports {
    /// Test results as JUnit XML: no failure, and at least one test that ran.
    #[schemars(extend("x-default" = "none", "examples" = ["junit.xml"]))]
    pub(in crate::config) junit: Option<Placed<String>>,
    /// Coverage as Cobertura XML or lcov.
    pub(in crate::config) coverage: Option<Coverage>,
    /// Findings of a linter or scanner as SARIF.
    pub(in crate::config) sarif: Option<Sarif>,
    /// What `pip-audit --format json` writes: no known vulnerability, and no package skipped.
    #[schemars(extend("x-default" = "none", "examples" = ["pip-audit.json"]))]
    pub(in crate::config) pip_audit: Option<Placed<String>>,
}

/// How much of the code must be covered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Coverage {
    /// The report.
    #[schemars(extend("examples" = ["coverage.xml"]))]
    pub(in crate::config) path: Placed<String>,
    /// The least share of lines.
    #[schemars(extend("examples" = ["80%"]))]
    pub(in crate::config) minimum: Placed<RatioText>,
    /// By how much the share may be below that of the last release; `0%` for not at all.
    #[schemars(extend("x-default" = "any", "examples" = ["0%"]))]
    pub(in crate::config) may_drop: Option<Placed<RatioText>>,
}

/// Which findings matter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Sarif {
    /// The report.
    #[schemars(extend("examples" = ["bandit.sarif"]))]
    pub(in crate::config) path: Placed<String>,
    /// Findings below this level are let through.
    #[schemars(extend("default" = "error"))]
    pub(in crate::config) level: Option<SarifLevel>,
    /// A report that the commit holds, with findings that are known and let through.
    #[schemars(extend("x-default" = "none", "examples" = [".bandit-baseline.sarif"]))]
    pub(in crate::config) baseline: Option<Placed<String>>,
}

/// The levels of SARIF.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum SarifLevel {
    /// Minor.
    Note,
    /// A problem.
    Warning,
    /// A serious problem.
    Error,
}
