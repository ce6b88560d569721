//! What a gate says: from how its command ended and what that reported.
//!
//! A report is believed over the exit code where it is the worse of the two: test runners and
//! scanners can be told to end with 0 whatever they found. A report that is missing or cannot be
//! read is no pass.

use std::collections::BTreeMap;

use super::finding::{Finding, beyond, sift};
use super::report::{audit, coverage, first_of, junit, sarif};
use super::{Gate, Sarif, SarifLevel, Verdict};
use crate::time::Timestamp;

/// How a run of a gate's command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed when its time was over.
    Deadline,
    /// It could not be started.
    NotStarted(String),
}

/// What one run left: how it ended, the reports that it wrote and the baselines that the commit
/// holds, by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How it ended.
    pub ended: Ended,
    /// The texts of those that are there.
    pub reports: BTreeMap<String, String>,
}

/// What is known besides the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The time, by which waivers end.
    pub now: Timestamp,
    /// The share of lines that were covered at the last release.
    pub coverage: Option<f64>,
}

/// What a run says, and what it measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it says of the commit.
    pub verdict: Verdict,
    /// The share of lines that are covered.
    pub coverage: Option<f64>,
    /// Findings that were let through, by whom and why.
    pub waived: Vec<String>,
}

/// Brings a gate's reports together.
struct Judge<'a> {
    gate: &'a Gate,
    evidence: &'a Evidence,
    known: Known,
    told: Judgement,
}

/// What a run says of the commit.
#[must_use]
pub fn judge(gate: &Gate, evidence: &Evidence, known: Known) -> Judgement {
    let ended = of_ending(&evidence.ended);
    let mut judge = Judge {
        gate,
        evidence,
        known,
        told: Judgement::of(Verdict::Passed),
    };
    // Nobody knows whether what was not started or was killed would have found something.
    if matches!(ended, Verdict::Inconclusive { .. }) {
        return Judgement::of(ended);
    }
    judge.reports();
    let mut told = judge.told;
    // A report tells more than a bare exit code.
    if !matches!(told.verdict, Verdict::Failed { .. }) {
        told.verdict = ended.and(told.verdict);
    }
    told
}

// === impl Judgement ===

impl Judgement {
    /// A verdict without anything measured.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            coverage: None,
            waived: Vec::new(),
        }
    }

    /// What two parts of a run say together: the worse of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.verdict = self.verdict.and(other.verdict);
        self.coverage = match (self.coverage, other.coverage) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        for waived in other.waived {
            if !self.waived.contains(&waived) {
                self.waived.push(waived);
            }
        }
        self
    }
}

// === impl Judge ===

impl Judge<'_> {
    fn reports(&mut self) {
        let reports = &self.gate.reports;
        if let Some(path) = &reports.junit {
            self.add(self.read(path, junit::judge));
        }
        if let Some(wanted) = &reports.coverage {
            let share = self.read(&wanted.path, coverage::share);
            self.told.coverage = share.as_ref().ok().copied();
            let last = self.known.coverage;
            self.add(share.map(|share| coverage::judge(share, wanted, last)));
        }
        if let Some(wanted) = &reports.sarif {
            let verdict = self.sarif(wanted);
            self.add(verdict);
        }
        if let Some(path) = &reports.pip_audit {
            let verdict = self.audit(path);
            self.add(verdict);
        }
    }

    fn sarif(&mut self, wanted: &Sarif) -> Result<Verdict, Verdict> {
        let look = |text: &str| {
            let found = sarif::findings(text, wanted.level)?;
            found.ok_or_else(|| "the scanner reports no run of its own".to_owned())
        };
        let mut found = self.read(&wanted.path, look)?;
        if let Some(baseline) = &wanted.baseline {
            let known = |text: &str| {
                let known = sarif::findings(text, SarifLevel::None)?;
                Ok(known.unwrap_or_default())
            };
            found = beyond(found, self.read(baseline, known)?);
        }
        Ok(self.sift(&found, |left| {
            let noun = if left.len() == 1 {
                "finding"
            } else {
                "findings"
            };
            format!("{} {noun}: {}", left.len(), first_of(left))
        }))
    }

    fn audit(&mut self, path: &str) -> Result<Verdict, Verdict> {
        let audit = self.read(path, audit::read)?;
        let verdict = self.sift(&audit.found, |left| {
            format!("known vulnerabilities: {}", first_of(left))
        });
        if audit.skipped.is_empty() {
            return Ok(verdict);
        }
        // One that was skipped was not looked at.
        let skipped = format!("not looked at: {}", first_of(&audit.skipped));
        Ok(verdict.and(inconclusive(skipped)))
    }

    /// What is left of findings when the waivers have taken theirs.
    fn sift(&mut self, found: &[Finding], tell: impl Fn(&[String]) -> String) -> Verdict {
        let sifted = sift(found, &self.gate.waivers, self.known.now);
        self.told.waived.extend(sifted.waived);
        if sifted.left.is_empty() {
            return Verdict::Passed;
        }
        let reason = tell(&sifted.left);
        Verdict::Failed { reason }
    }

    /// What a report holds; a missing or unreadable one says nothing.
    fn read<T>(&self, path: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Verdict> {
        let Some(text) = self.evidence.reports.get(path) else {
            return Err(inconclusive(format!("there is no `{path}`")));
        };
        parse(text).map_err(|reason| inconclusive(format!("`{path}`: {reason}")))
    }

    fn add(&mut self, verdict: Result<Verdict, Verdict>) {
        let (Ok(verdict) | Err(verdict)) = verdict;
        let known = std::mem::replace(&mut self.told.verdict, Verdict::Passed);
        self.told.verdict = known.and(verdict);
    }
}

fn of_ending(ended: &Ended) -> Verdict {
    match ended {
        Ended::Code(0) => Verdict::Passed,
        Ended::Code(code) => Verdict::Failed {
            reason: format!("exit code {code}"),
        },
        Ended::Signal(signal) => inconclusive(format!("ended by signal {signal}")),
        Ended::Deadline => inconclusive("not done in time, killed".to_owned()),
        Ended::NotStarted(reason) => inconclusive(format!("it could not be started: {reason}")),
    }
}

fn inconclusive(reason: String) -> Verdict {
    Verdict::Inconclusive { reason }
}

#[cfg(test)]
mod tests {
    use super::super::testing::gate;
    use super::super::waiver::testing::waiver;
    use super::super::{Coverage, Reports};
    use super::*;

    fn evidence(code: i32, reports: &[(&str, &str)]) -> Evidence {
        let reports = reports.iter();
        Evidence {
            ended: Ended::Code(code),
            reports: reports
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        }
    }

    fn with(reports: Reports) -> Gate {
        Gate {
            reports,
            ..gate("tests", &[])
        }
    }

    fn with_junit() -> Gate {
        with(Reports {
            junit: Some("junit.xml".to_owned()),
            ..Reports::default()
        })
    }

    fn told(gate: &Gate, evidence: &Evidence) -> String {
        let known = Known {
            now: Timestamp(0),
            coverage: None,
        };
        judge(gate, evidence, known).verdict.to_string()
    }

    const GOOD: &str = r#"<testsuites><testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite></testsuites>"#;
    const BAD: &str = r#"<testsuite tests="1"><testcase name="a" classname="t"><failure message="no"/></testcase></testsuite>"#;

    #[test]
    fn without_reports_the_exit_code_decides() {
        let none = with(Reports::default());
        assert_eq!(told(&none, &evidence(0, &[])), "passed");
        assert_eq!(told(&none, &evidence(2, &[])), "failed: exit code 2");
    }

    #[test]
    fn a_failure_in_a_report_counts_whatever_the_exit_code() {
        for code in [0, 1] {
            let told = told(&with_junit(), &evidence(code, &[("junit.xml", BAD)]));
            assert_eq!(told, "failed: 1 of 1 tests failed: t::a");
        }
    }

    #[test]
    fn an_exit_code_counts_whatever_the_report() {
        let told = told(&with_junit(), &evidence(3, &[("junit.xml", GOOD)]));
        assert_eq!(told, "failed: exit code 3");
    }

    #[test]
    fn a_report_that_is_missing_or_broken_is_no_pass() {
        let missing = told(&with_junit(), &evidence(0, &[]));
        assert_eq!(missing, "inconclusive: there is no `junit.xml`");
        let broken = told(&with_junit(), &evidence(0, &[("junit.xml", "<a>")]));
        assert!(
            broken.starts_with("inconclusive: `junit.xml`: "),
            "{broken}"
        );
    }

    #[test]
    fn what_did_not_end_by_itself_says_nothing() {
        for ended in [
            Ended::Deadline,
            Ended::Signal(9),
            Ended::NotStarted("no shell".to_owned()),
        ] {
            let evidence = Evidence {
                ended,
                reports: BTreeMap::from([("junit.xml".to_owned(), GOOD.to_owned())]),
            };
            assert!(told(&with_junit(), &evidence).starts_with("inconclusive"));
        }
    }

    const FINDINGS: &str = r#"{"runs": [{"tool": {"driver": {}}, "results": [
        {"ruleId": "B105"}, {"ruleId": "B106"}]}]}"#;
    const ONE_FINDING: &str =
        r#"{"runs": [{"tool": {"driver": {}}, "results": [{"ruleId": "B105"}]}]}"#;

    fn with_sarif(baseline: Option<&str>) -> Gate {
        with(Reports {
            sarif: Some(Sarif {
                path: "new.sarif".to_owned(),
                level: SarifLevel::Warning,
                baseline: baseline.map(str::to_owned),
            }),
            ..Reports::default()
        })
    }

    #[test]
    fn findings_count_beyond_the_baseline_and_the_waivers() {
        let found = evidence(0, &[("new.sarif", FINDINGS), ("old.sarif", ONE_FINDING)]);
        let all = "failed: 2 findings: B105, B106";
        assert_eq!(told(&with_sarif(None), &found), all);
        let mut gate = with_sarif(Some("old.sarif"));
        assert_eq!(told(&gate, &found), "failed: 1 finding: B106");
        gate.waivers = vec![waiver("B106", None)];
        assert_eq!(told(&gate, &found), "passed");
        let gone = with_sarif(Some("gone.sarif"));
        assert_eq!(
            told(&gone, &found),
            "inconclusive: there is no `gone.sarif`"
        );
    }

    #[test]
    fn a_skipped_package_is_not_known_to_be_safe() {
        let gate = with(Reports {
            pip_audit: Some("audit.json".to_owned()),
            ..Reports::default()
        });
        let skipped = r#"{"name": "own", "skip_reason": "not on the index"}"#;
        let bad = r#"{"name": "django", "vulns": [{"id": "PYSEC-1"}]}"#;
        for (packages, verdict) in [
            (skipped.to_owned(), "inconclusive: not looked at: own"),
            (
                format!("{skipped}, {bad}"),
                "failed: known vulnerabilities: PYSEC-1 (django)",
            ),
        ] {
            let text = format!(r#"{{"dependencies": [{packages}]}}"#);
            assert_eq!(told(&gate, &evidence(0, &[("audit.json", &text)])), verdict);
        }
    }

    #[test]
    fn parts_have_the_worst_verdict_and_the_least_coverage() {
        let gate = with(Reports {
            coverage: Some(Coverage {
                path: "lcov.info".to_owned(),
                minimum: 0.8,
                may_drop: None,
            }),
            ..Reports::default()
        });
        let known = Known {
            now: Timestamp(0),
            coverage: None,
        };
        let part = |text: &str| judge(&gate, &evidence(0, &[("lcov.info", text)]), known);
        let both = part("LF:10\nLH:9\n").and(part("LF:10\nLH:7\n"));
        assert_eq!(both.coverage, Some(0.7));
        assert_eq!(both.verdict.as_str(), "failed");
    }
}
