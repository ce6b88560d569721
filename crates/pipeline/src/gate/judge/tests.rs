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
    judge(gate, std::slice::from_ref(evidence), known)
        .verdict
        .to_string()
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
fn parts_have_the_worst_verdict_and_cover_lines_together() {
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
    let part = |code, lines: &str| {
        let text = format!("SF:a.py\n{lines}LF:4\nLH:2\nend_of_record\n");
        evidence(code, &[("lcov.info", &text)])
    };
    let one = part(0, "DA:1,1\nDA:2,3\nDA:3,0\nDA:4,0\n");
    let two = part(0, "DA:1,1\nDA:2,0\nDA:3,0\nDA:4,1\n");
    let told = judge(&gate, &[one.clone(), two], known);
    assert_eq!(told.coverage, Some(0.75));
    let reason = "failed: 75 % of the lines are covered, and 80 % is the least";
    assert_eq!(told.verdict.to_string(), reason);
    let failed = part(1, "DA:1,1\nDA:2,1\nDA:3,1\nDA:4,1\n");
    let told = judge(&gate, &[one.clone(), failed], known);
    assert_eq!(told.verdict.to_string(), "failed: exit code 1");
    let killed = Evidence {
        ended: Ended::Signal(9),
        ..one.clone()
    };
    assert_eq!(
        judge(&gate, &[one, killed], known).verdict.as_str(),
        "inconclusive"
    );
}

#[test]
fn the_time_of_each_file_is_summed_over_the_parts() {
    let part = |class: &str| {
        let text = format!(
            r#"<testsuite><testcase classname="{class}" name="a" time="1.5"/></testsuite>"#
        );
        evidence(0, &[("junit.xml", &text)])
    };
    let known = Known {
        now: Timestamp(0),
        coverage: None,
    };
    let told = judge(&with_junit(), &[part("a"), part("a"), part("b")], known);
    let expected = [("a".to_owned(), 3.0), ("b".to_owned(), 1.5)];
    assert_eq!(told.timings, Timings::from(expected));
}
