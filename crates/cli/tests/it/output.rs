//! What machines read, and the commands that only tell.

use crate::common::{deployed, empty, sandbox, text, wait_for_step};

#[test]
fn events_are_lines_of_json_and_the_first_carries_a_version() {
    let sandbox = sandbox();
    let ended = sandbox.run_well(["deploy", "testing", "--events"]);
    let events = ended.json_lines();
    assert_eq!(events[0]["event"], "stream");
    assert_eq!(events[0]["version"], 1);
    assert!(
        events[1..]
            .iter()
            .all(|one| one["event"].is_string() && one["at"].is_u64())
    );
    let last = events.last().expect("there are some");
    assert_eq!(text(last, "/record/entry/outcome"), "succeeded");
    // The stream tells the whole journal, in order.
    let told: Vec<_> = events
        .iter()
        .filter(|one| one["event"] == "journal")
        .collect();
    let shown = sandbox.show(text(told[0], "/deployment"));
    let journal = shown["journal"].as_array().expect("a list");
    let told: Vec<_> = told.iter().map(|one| one["record"].clone()).collect();
    assert!(journal.ends_with(&told), "{told:#?}");
    assert!(
        journal.len() - told.len() <= 1,
        "all but the request itself"
    );
}

#[test]
fn json_is_one_document_and_talk_goes_to_standard_error() {
    let sandbox = sandbox();
    let told = sandbox.run_well(["deploy", "testing", "--json"]);
    assert_eq!(told.stderr, "");
    let release = deployed(&told.json());
    let told = sandbox.run_well(["deploy", "testing", "--force"]);
    assert_eq!(told.stdout, "");
    assert_eq!(
        text(
            &sandbox.run_well(["show", &release, "--json"]).json(),
            "/id"
        ),
        release
    );
    let refused = sandbox.run(["deploy", "testing", "--json", "--commit", "nowhere"]);
    let refused = refused.expect_code(2);
    assert_eq!(refused.stdout, "");
}

#[test]
fn where_nothing_was_deployed_a_word_says_so() {
    let sandbox = sandbox();
    for (word, said) in [
        ("releases", "there are no releases yet"),
        ("prune", "there are no releases yet"),
        ("history", "nothing was deployed yet"),
    ] {
        let told = sandbox.run_well([word]);
        assert_eq!(told.stdout, "");
        told.expect_told(&[said]);
    }
}

#[test]
fn a_dry_run_tells_the_plan_and_does_nothing() {
    let sandbox = sandbox();
    let told = sandbox.run_well(["deploy", "testing", "--dry-run"]);
    assert!(told.stdout.contains("to testing by blue-green"), "{told}");
    assert!(told.stdout.contains("If it does not go through:"), "{told}");
    let plan = sandbox
        .run_well(["deploy", "testing", "--dry-run", "--json"])
        .json();
    assert_eq!(text(&plan, "/plan/environment"), "testing");
    assert!(sandbox.history().is_empty());
    assert!(sandbox.processes().is_empty());
}

#[test]
fn a_plan_tells_by_its_exit_code_whether_it_changes_anything() {
    let sandbox = sandbox();
    sandbox.run_well(["plan", "testing"]);
    sandbox
        .run(["plan", "testing", "--exit-code"])
        .expect_code(10);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox
        .run(["plan", "testing", "--exit-code"])
        .expect_code(0);
    // Another configuration is a change, too.
    sandbox.set_variable("GREETING", "hello again");
    sandbox
        .run(["plan", "testing", "--exit-code", "--json"])
        .expect_code(10);
    assert_eq!(sandbox.history().len(), 1);
}

#[test]
fn lists_read_well_for_people() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let history = sandbox.run_well(["history"]).stdout;
    let words: Vec<_> = history
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let heading = [
        "ID",
        "MADE",
        "ENVIRONMENT",
        "KIND",
        "RELEASE",
        "COMMIT",
        "STATE",
        "BY",
    ];
    assert_eq!(words, heading);
    assert!(history.contains("succeeded"), "{history}");
    let status = sandbox.run_well(["status"]).stdout;
    assert!(status.contains("✓ web-1 at 127.0.0.1:"), "{status}");
    let shown = sandbox.run_well(["show", "d1"]).stdout;
    assert!(shown.contains("switch to blue: web-1"), "{shown}");
    let logs = sandbox.run_well(["logs", "testing"]).stdout;
    assert!(logs.contains("web-1 | starting r"), "{logs}");
    let ended = sandbox.run(["logs", "testing", "wbe"]);
    ended
        .expect_code(2)
        .expect_told(&["there is no service or instance `wbe`"]);
    let ended = sandbox.run(["show", "d99"]);
    ended
        .expect_code(2)
        .expect_told(&["there is no deployment `d99`"]);
}

#[test]
fn topics_are_explained_anywhere() {
    let sandbox = empty();
    let topics = sandbox.run_well(["explain"]).stdout;
    let listed = topics.lines().filter_map(|line| line.strip_prefix("  "));
    for topic in listed.filter_map(|line| line.split(' ').next()) {
        let page = sandbox.run_well(["explain", topic]).stdout;
        assert!(page.starts_with('#'), "{topic}: {page}");
    }
    assert!(topics.contains("exit-codes"), "{topics}");
    for code in ["0", "3", "7", "130"] {
        let page = sandbox.run_well(["explain", code]).stdout;
        assert!(page.contains(code), "{page}");
    }
    let ended = sandbox.run(["explain", "exit-code"]);
    ended
        .expect_code(2)
        .expect_told(&["did you mean `exit-codes`?"]);
}

#[test]
fn a_deployment_is_explained_by_its_journal() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let told = sandbox.run_well(["explain", "d1"]).stdout;
    assert_eq!(told, sandbox.run_well(["show", "d1"]).stdout);
}

#[test]
fn completions_know_the_commands() {
    let sandbox = empty();
    let script = sandbox.run_well(["completions", "bash"]).stdout;
    for command in ["deploy", "promote", "rollback", "--confirm"] {
        assert!(script.contains(command), "{command}");
    }
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let nowhere = empty();
    let told = nowhere.run_well(["doctor"]).stdout;
    assert!(told.contains("no shipway.yml here"), "{told}");

    let sandbox = sandbox();
    let told = sandbox.run_well(["doctor"]).stdout;
    assert!(told.contains("✓ environment testing"), "{told}");
    assert!(told.contains("the first deployment starts it"), "{told}");
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "await_healthy");
    running.kill();
    let told = sandbox.run(["doctor"]).expect_code(1).stdout;
    assert!(
        told.contains("`shipway resume testing` goes on with it"),
        "{told}"
    );
}
