//! What a gate says: from how its command ended and what that reported.
//!
//! A report is believed over the exit code where it is the worse of the two: test runners and
//! scanners can be told to end with 0 whatever they found. A report that is missing or cannot be
//! read is no pass.

use std::collections::BTreeMap;

use super::report::{audit, coverage, junit, sarif};
use super::{Reports, Verdict};

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

/// What one run left: how it ended, and the reports that it wrote, by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How it ended.
    pub ended: Ended,
    /// The texts of reports that are there.
    pub reports: BTreeMap<String, String>,
}

/// What a run says of the commit.
#[must_use]
pub fn judge(reports: &Reports, evidence: &Evidence) -> Verdict {
    let ended = of_ending(&evidence.ended);
    // Nobody knows whether what was not started or was killed would have found something.
    if matches!(ended, Verdict::Inconclusive { .. }) {
        return ended;
    }
    let read = |path: &str, judge: &dyn Fn(&str) -> Result<Verdict, String>| {
        let Some(text) = evidence.reports.get(path) else {
            return inconclusive(format!("it wrote no `{path}`"));
        };
        judge(text).unwrap_or_else(|reason| inconclusive(format!("`{path}`: {reason}")))
    };
    let mut reported = Vec::new();
    if let Some(path) = &reports.junit {
        reported.push(read(path, &junit::judge));
    }
    if let Some(coverage) = &reports.coverage {
        let judged = |text: &str| coverage::judge(text, coverage.minimum);
        reported.push(read(&coverage.path, &judged));
    }
    if let Some(wanted) = &reports.sarif {
        reported.push(read(&wanted.path, &|text| sarif::judge(text, wanted.level)));
    }
    if let Some(path) = &reports.pip_audit {
        reported.push(read(path, &audit::judge));
    }
    let reported = reported.into_iter().fold(Verdict::Passed, Verdict::and);
    // A report tells more than a bare exit code.
    match (&reported, &ended) {
        (Verdict::Failed { .. }, _) => reported,
        _ => ended.and(reported),
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

    fn with_junit() -> Reports {
        Reports {
            junit: Some("junit.xml".to_owned()),
            ..Reports::default()
        }
    }

    const GOOD: &str = r#"<testsuites><testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite></testsuites>"#;
    const BAD: &str = r#"<testsuite tests="1"><testcase name="a" classname="t"><failure message="no"/></testcase></testsuite>"#;

    #[test]
    fn without_reports_the_exit_code_decides() {
        let none = Reports::default();
        assert!(judge(&none, &evidence(0, &[])).is_pass());
        assert_eq!(
            judge(&none, &evidence(2, &[])).to_string(),
            "failed: exit code 2"
        );
    }

    #[test]
    fn a_failure_in_a_report_counts_whatever_the_exit_code() {
        let told = judge(&with_junit(), &evidence(0, &[("junit.xml", BAD)]));
        assert_eq!(told.to_string(), "failed: 1 of 1 tests failed: t::a");
        let told = judge(&with_junit(), &evidence(1, &[("junit.xml", BAD)]));
        assert_eq!(told.to_string(), "failed: 1 of 1 tests failed: t::a");
    }

    #[test]
    fn an_exit_code_counts_whatever_the_report() {
        let told = judge(&with_junit(), &evidence(3, &[("junit.xml", GOOD)]));
        assert_eq!(told.to_string(), "failed: exit code 3");
    }

    #[test]
    fn a_report_that_is_missing_or_broken_is_no_pass() {
        let told = judge(&with_junit(), &evidence(0, &[]));
        assert_eq!(told.to_string(), "inconclusive: it wrote no `junit.xml`");
        let told = judge(&with_junit(), &evidence(0, &[("junit.xml", "<a>")]));
        assert_eq!(told.as_str(), "inconclusive");
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
            assert_eq!(judge(&with_junit(), &evidence).as_str(), "inconclusive");
        }
    }
}
