//! Gates: run for a commit, kept, and asked for before anything is deployed.

use shipway_testkit::{Behaviour, Environment, Sandbox, wait_until};

use crate::common::{PROGRAM, assert_live, deployed, sandbox, text};

/// A project with these gates, in the words of shipway.yml.
fn with_gates(gates: &str) -> Sandbox {
    let sandbox = sandbox();
    give_gates(&sandbox, gates);
    sandbox
}

fn give_gates(sandbox: &Sandbox, gates: &str) {
    sandbox.replace(
        "shipway.yml",
        "environments:",
        &format!("gates:\n{gates}environments:"),
    );
}

/// The gates of a run and what they came to, in the order of the file.
fn verdicts(document: &serde_json::Value) -> Vec<(String, String)> {
    let results = document.as_array().expect("a list");
    let word = |one: &serde_json::Value| one["verdict"].as_str().unwrap_or("skipped").to_owned();
    results
        .iter()
        .map(|one| (text(one, "/gate").to_owned(), word(one)))
        .collect()
}

fn pair(gate: &str, verdict: &str) -> (String, String) {
    (gate.to_owned(), verdict.to_owned())
}

#[test]
fn a_pass_is_kept_and_run_anew_only_on_request() {
    let sandbox = sandbox();
    let count = sandbox.root().join("count");
    let gates = format!("  lint: {{ run: 'echo run >> {}' }}\n", count.display());
    give_gates(&sandbox, &gates);
    let runs = || std::fs::read_to_string(&count).map_or(0, |text| text.lines().count());
    for expected in [1, 1] {
        let told = sandbox.run_well(["gates", "run"]);
        assert!(told.stdout.contains("passed"), "{told}");
        assert_eq!(runs(), expected);
    }
    sandbox.run_well(["gates", "run", "--anew"]);
    assert_eq!(runs(), 2);
    // Another commit and another command are other checks.
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["gates", "run"]);
    assert_eq!(runs(), 3);
    sandbox.replace("shipway.yml", "echo run", "echo  run");
    sandbox.run_well(["gates", "run"]);
    assert_eq!(runs(), 4);
    let shown = sandbox.run_well(["gates", "show", "--json"]).json();
    assert_eq!(text(&shown, "/0/run/verdict/verdict"), "passed");
    assert_eq!(shown[0]["environments"], serde_json::json!(["testing"]));
}

#[test]
fn a_release_that_does_not_pass_is_not_deployed() {
    let gates = "  tests: { run: 'grep -q ok behaviour || (echo it is not ok; exit 4)' }\n";
    let sandbox = with_gates(gates);
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Crash);
    let refused = sandbox.run(["deploy", "testing"]).expect_code(3);
    refused.expect_told(&[
        "`testing` does not take",
        "gate `tests` failed: exit code 4",
        "shipway gates explain tests --commit",
    ]);
    assert_live(&sandbox, "testing", &good);
    assert_eq!(sandbox.history().len(), 1);
    let explained = sandbox.run_well(["gates", "explain", "tests"]).stdout;
    assert!(explained.contains("it is not ok"), "{explained}");
    // A plan is not a deployment.
    sandbox.run_well(["plan", "testing"]);
}

#[test]
fn what_needs_a_failed_gate_is_skipped() {
    let sandbox = with_gates(
        "  lint: { run: exit 1 }\n  tests: { run: exit 0, needs: [lint] }\n  docs: { run: exit 0 }\n",
    );
    let ended = sandbox.run(["gates", "run", "--json"]).expect_code(3);
    assert_eq!(
        verdicts(&ended.json()),
        [
            pair("lint", "failed"),
            pair("tests", "skipped"),
            pair("docs", "passed")
        ]
    );
}

#[test]
fn reports_count_whatever_the_exit_code() {
    let sandbox = with_gates(
        "  none: { run: exit 0, reports: { junit: junit.xml } }
  failing:
    run: echo '<testsuite><testcase name=\"a\"><failure/></testcase></testsuite>' > junit.xml
    reports: { junit: junit.xml }
  covered:
    run: printf 'LF:10\\nLH:9\\n' > lcov.info
    reports: { coverage: { path: lcov.info, minimum: 90% } }
",
    );
    let ended = sandbox.run(["gates", "run", "--json"]).expect_code(3);
    assert_eq!(
        verdicts(&ended.json()),
        [
            pair("none", "inconclusive"),
            pair("failing", "failed"),
            pair("covered", "passed")
        ]
    );
}

#[test]
fn parts_know_their_number_and_a_failed_run_is_tried_again() {
    let sandbox = sandbox();
    let root = sandbox.root().display().to_string();
    let gates = format!(
        "  tests: {{ run: 'echo $SHIPWAY_PART of $SHIPWAY_PARTS >> {root}/parts', parallel: 3 }}
  flaky: {{ run: 'test -e {root}/tried || (touch {root}/tried; exit 1)', retries: 1 }}
"
    );
    give_gates(&sandbox, &gates);
    let results = sandbox.run_well(["gates", "run", "--json"]).json();
    let parts = std::fs::read_to_string(sandbox.root().join("parts")).expect("it was written");
    let mut parts: Vec<&str> = parts.lines().collect();
    parts.sort_unstable();
    assert_eq!(parts, ["1 of 3", "2 of 3", "3 of 3"]);
    assert_eq!(results[1]["run"]["attempts"], 2);
}

#[test]
fn what_runs_ends_with_whoever_runs_it() {
    let sandbox = sandbox();
    let started = sandbox.root().join("started");
    let gates = format!(
        "  long: {{ run: 'echo $$ > {}; sleep 600' }}\n",
        started.display()
    );
    give_gates(&sandbox, &gates);
    let pid = || {
        let text = std::fs::read_to_string(&started).ok()?;
        text.trim().parse::<u32>().ok()
    };
    for end in ["interrupted", "killed"] {
        let _ = std::fs::remove_file(&started);
        let running = sandbox.start(["gates", "run"]);
        let pid = wait_until("the gate to begin", pid);
        if end == "interrupted" {
            running.interrupt();
            running.finish().expect_code(130);
        } else {
            running.kill();
        }
        let is_gone = || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(());
        wait_until(&format!("what was {end} to be gone"), is_gone);
    }
    let shown = sandbox.run_well(["gates", "show", "--json"]).json();
    assert!(shown[0]["run"].is_null(), "{shown:#}");
}

#[test]
fn what_is_promoted_passes_the_gates_of_where_it_goes() {
    let environments = [
        Environment::new("testing").with("gates", "[]"),
        Environment::promoted_from("staging", "testing").with("gates", "[audit]"),
    ];
    let sandbox = Sandbox::with_environments(PROGRAM, environments);
    give_gates(&sandbox, "  audit: { run: exit 1, timeout: 30s }\n");
    sandbox.run_well(["deploy", "testing"]);
    let refused = sandbox.run(["promote", "staging", "--yes"]).expect_code(3);
    refused.expect_told(&["`staging` does not take", "gate `audit` failed"]);
    sandbox.replace("shipway.yml", "run: exit 1", "run: exit 0");
    sandbox.run_well(["promote", "staging", "--yes"]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let sandbox =
        with_gates("  lint: { run: a, needs: [tests] }\n  tests: { run: b, needs: [lint] }\n");
    let told = sandbox.run(["validate"]).expect_code(2);
    told.expect_told(&["no gate of `lint`, `tests` can ever begin", "shipway.yml:"]);
    sandbox.replace("shipway.yml", "needs: [tests]", "needs: [test]");
    let told = sandbox.run(["validate"]).expect_code(2);
    told.expect_told(&["there is no gate `test`", "did you mean `tests`?"]);
}

#[test]
fn findings_are_let_through_by_a_baseline_or_by_name_for_a_time() {
    let sandbox = sandbox();
    let log = |rules: &[&str]| {
        let results = rules
            .iter()
            .map(|rule| serde_json::json!({ "ruleId": rule }));
        let results: Vec<_> = results.collect();
        serde_json::json!({ "runs": [{ "tool": { "driver": {} }, "results": results }] })
    };
    sandbox.write("known.sarif", &log(&["B101"]).to_string());
    sandbox.write("found.json", &log(&["B101", "B105"]).to_string());
    sandbox.commit("a baseline");
    give_gates(
        &sandbox,
        "  security:
    run: cp found.json new.sarif
    reports: { sarif: { path: new.sarif, level: warning, baseline: known.sarif } }
    waivers: [{ finding: B105, reason: tests only, owner: anna, expires: 2000-01-31 }]
",
    );
    let refused = sandbox.run(["gates", "run", "security"]).expect_code(3);
    refused.expect_told(&["1 finding: B105, waived by anna until 2000-01-31"]);
    sandbox.replace("shipway.yml", "2000-01-31", "2999-01-31");
    sandbox.run_well(["gates", "run", "security"]);
    let told = sandbox.run_well(["gates", "explain", "security"]).stdout;
    let waived = "B105: waived by anna until 2999-01-31: tests only";
    assert!(told.contains(waived), "{told}");

    sandbox.replace("shipway.yml", "2999-01-31", "soon");
    sandbox.replace("shipway.yml", "known.sarif", "../known.sarif");
    let told = sandbox.run(["validate"]).expect_code(2);
    told.expect_told(&[
        "`soon` is no day",
        "`../known.sarif` is no path in the export",
    ]);
}

#[test]
fn coverage_may_not_fall_below_that_of_the_last_release() {
    let sandbox = sandbox();
    let covered = |lines: u32| sandbox.write("hit", &format!("LF:10\nLH:{lines}\n"));
    covered(9);
    sandbox.commit("nine lines of ten");
    let reports = "coverage: { path: lcov.info, minimum: 50%, may_drop: 0% }";
    give_gates(
        &sandbox,
        &format!("  tests: {{ run: cp hit lcov.info, reports: {{ {reports} }} }}\n"),
    );
    sandbox.run_well(["deploy", "testing"]);
    covered(8);
    sandbox.commit("eight lines of ten");
    let refused = sandbox.run(["deploy", "testing"]).expect_code(3);
    refused.expect_told(&[
        "80 % of the lines are covered, and 90 % is the least, by the last release",
    ]);
    covered(10);
    sandbox.commit("ten lines of ten");
    sandbox.run_well(["deploy", "testing"]);
}

#[test]
fn a_report_that_the_commit_holds_is_not_what_its_command_found() {
    let sandbox = sandbox();
    sandbox.write("junit.xml", "<testsuite><testcase name=\"a\"/></testsuite>");
    sandbox.commit("a report");
    give_gates(
        &sandbox,
        "  tests: { run: exit 0, reports: { junit: junit.xml } }\n",
    );
    let refused = sandbox.run(["gates", "run"]).expect_code(3);
    refused.expect_told(&["inconclusive: there is no `junit.xml`"]);
}

#[test]
fn tests_are_split_by_what_they_took_at_the_last_pass() {
    let sandbox = sandbox();
    let root = sandbox.root().display().to_string();
    sandbox.write("tests.txt", "a.py\nb.py\nlong.py\n");
    sandbox.write(
        "run.sh",
        &format!(
            "set -e
mine=$({PROGRAM} gates split < tests.txt)
echo $mine >> {root}/parts
{{
  echo '<testsuite>'
  for file in $mine; do
    case $file in long.py) time=9 ;; *) time=1 ;; esac
    echo \"<testcase classname='${{file%.py}}' name='t' time='$time'/>\"
  done
  echo '</testsuite>'
}} > junit.xml
"
        ),
    );
    sandbox.commit("tests of three files");
    give_gates(
        &sandbox,
        "  tests: { run: sh run.sh, parallel: 2, reports: { junit: junit.xml } }\n",
    );
    let parts = || {
        sandbox.run_well(["gates", "run", "--anew"]);
        let path = sandbox.root().join("parts");
        let text = std::fs::read_to_string(&path).expect("it was written");
        std::fs::remove_file(&path).expect("it is there");
        let mut parts: Vec<String> = text.lines().map(str::to_owned).collect();
        parts.sort_unstable();
        parts
    };
    // Nothing is known yet, and names decide.
    assert_eq!(parts(), ["a.py long.py", "b.py"]);
    assert_eq!(parts(), ["a.py b.py", "long.py"]);
    assert_eq!(parts(), ["a.py b.py", "long.py"]);
    sandbox.replace("shipway.yml", "parallel: 2", "parallel: 4");
    let refused = sandbox.run(["gates", "run"]).expect_code(3);
    let said = sandbox.run_well(["gates", "explain", "tests"]).stdout;
    assert!(
        said.contains("there are 3 names for 4 parts"),
        "{refused}{said}"
    );
    let none = sandbox.run(["gates", "split"]).expect_code(2);
    none.expect_told(&["no names of tests came", "pipe a list into it"]);
}
