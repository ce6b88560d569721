//! What cannot be: refused with its place and a way out, and nothing half done.

use std::net::TcpListener;

use shipway_testkit::{Ended, Environment, Sandbox};

use crate::common::{deployed, empty, sandbox, sandbox_with};

/// What it told, without what differs from run to run.
fn told(sandbox: &Sandbox, ended: &Ended) -> String {
    let root = sandbox.root().display().to_string();
    let text = ended.stderr.replace(&root, "[ROOT]");
    text.trim_end().to_owned()
}

/// Checks that there is no record and no process.
fn assert_untouched(sandbox: &Sandbox) {
    assert!(sandbox.processes().is_empty(), "{:?}", sandbox.processes());
    assert!(sandbox.history().is_empty());
}

#[test]
fn malformed_yaml() {
    let sandbox = sandbox();
    let good = sandbox.read("shipway.yml");
    sandbox.write(
        "shipway.yml",
        "version: 1\nproject: app\nservices: { web: [\n",
    );
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error[yaml-syntax]: not valid YAML: while parsing a node, did not find expected node content
     --> shipway.yml:3:20
      |
    3 | services: { web: [
      |                   ^
    ");
    sandbox.write("shipway.yml", &good);
    assert_untouched(&sandbox);
}

#[test]
fn an_unknown_key_in_shipway_yml() {
    let sandbox = sandbox_with([Environment::new("testing").with("strateg", "rolling")]);
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    let text = told(&sandbox, &ended);
    for part in ["strateg", "shipway.yml:", "did you mean `strategy`?"] {
        assert!(text.contains(part), "{text}");
    }
    sandbox.replace("shipway.yml", "    strateg: rolling\n", "");
    assert_untouched(&sandbox);
}

#[test]
fn an_unknown_key_in_a_compose_file() {
    let sandbox = sandbox();
    sandbox.replace("docker-compose.yml", "image: app", "imagee: app");
    sandbox.commit("a slip");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @r#"
    error[unknown-key]: unknown key `imagee` in `services.web`
     --> docker-compose.yml:3:5
      |
    3 |     imagee: app
      |     ^^^^^^
      |
      = help: did you mean `image`?
    "#);
    assert_untouched(&sandbox);
}

#[test]
fn an_unknown_environment() {
    let sandbox = sandbox();
    let ended = sandbox.run(["deploy", "tesing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: there is no environment `tesing`
    hint: did you mean `testing`?
    ");
    assert_untouched(&sandbox);
}

#[test]
fn an_unknown_command_or_flag() {
    let sandbox = sandbox();
    let ended = sandbox.run(["deplyo"]).expect_code(2);
    ended.expect_told(&["unrecognized subcommand 'deplyo'", "deploy"]);
    let ended = sandbox.run(["deploy", "--yess"]).expect_code(2);
    ended.expect_told(&["--yes"]);
}

#[test]
fn a_missing_compose_file() {
    let missing = Environment::new("testing").with(
        "compose",
        "[docker-compose.yml, docker-compose.testing.yml]",
    );
    let sandbox = sandbox_with([missing]);
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    let text = told(&sandbox, &ended);
    assert!(text.contains("docker-compose.testing.yml"), "{text}");
    assert!(text.contains("hint: "), "{text}");
    let ended = sandbox.run(["validate"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    ✗ testing

    error[file-unreadable]: `[ROOT]/project/docker-compose.testing.yml` does not exist
     |
     = help: shipway.yml names it under `compose` or `env_files` of the environment

    1 error in 1 environment
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_missing_file_of_variables() {
    let sandbox = sandbox_with([Environment::new("testing").with("env_files", "[.env.testing]")]);
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: `[ROOT]/project/.env.testing` does not exist
    hint: shipway.yml names it under `compose:` or `env_files:` of the environment
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_program_that_does_not_exist() {
    let sandbox = sandbox();
    sandbox.replace("docker-compose.yml", "python3 -B app.py", "no-such-program");
    sandbox.commit("a slip");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(3);
    ended.expect_told(&["no-such-program", "nothing is live in testing"]);
    assert!(sandbox.status("testing")["deployment"].is_null());
    sandbox.assert_nothing_is_left();
}

#[test]
fn a_service_without_a_command() {
    let sandbox = sandbox();
    sandbox.replace("docker-compose.yml", "    command: python3 app.py\n", "");
    sandbox.replace(
        "docker-compose.yml",
        "        command: python3 -B app.py\n",
        "",
    );
    sandbox.commit("a slip");
    let ended = sandbox.run(["deploy", "testing"]);
    ended.expect_told(&["web", "command"]);
    assert!(sandbox.status("testing")["deployment"].is_null());
    sandbox.assert_nothing_is_left();
}

#[test]
fn a_routed_service_that_cannot_run_as_a_process() {
    let sandbox = sandbox_with([Environment::new("testing").with("runtime", "process")]);
    let text = sandbox.read("docker-compose.yml");
    let (before, rest) = text.split_once("    x-shipway:").expect("it is there");
    let (_, after) = rest.split_once("\n\n").expect("a blank line follows");
    sandbox.write("docker-compose.yml", &format!("{before}\n{after}"));
    sandbox.commit("a slip");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error[workload]: service `web` takes the requests but has no `x-shipway.process`, which the process runtime needs
     --> docker-compose.yml:2:3
      |
    2 |   web:
      |   ^^^
      |
      = help: say under `x-shipway.process` of the service how it is built as a host process
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_required_variable_that_is_not_set() {
    let sandbox = sandbox_with([Environment::new("testing").with("required", "[SECRET_KEY]")]);
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error[required-variable]: required variables are not set: SECRET_KEY
     |
     = help: set them in the environment's `env_files` or in your shell, such as `export SECRET_KEY=…`
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_variable_that_a_compose_file_insists_on() {
    let sandbox = sandbox();
    sandbox.replace(
        "docker-compose.yml",
        "${SECRET_KEY:-none}",
        "${SECRET_KEY:?set it}",
    );
    sandbox.commit("insist");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error[variable-required]: required variable `SECRET_KEY` is not set
     --> docker-compose.yml:7:19
      |
    7 |       SECRET_KEY: ${SECRET_KEY:?set it}
      |                   ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: set it
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_port_that_somebody_else_has() {
    let sandbox = sandbox();
    let port = sandbox.port("testing");
    let foreign = TcpListener::bind(("127.0.0.1", port)).expect("it is free");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(3);
    let address = format!("could not listen on 127.0.0.1:{port}");
    ended.expect_told(&[&address, "nothing is live in testing"]);
    let status = sandbox.status("testing");
    assert!(
        status["live"].is_null() && status["deployment"].is_null(),
        "{status:#}"
    );
    assert!(status["frozen"].is_null(), "{status:#}");
    sandbox.assert_nothing_is_left();
    // Once it is free, all is well.
    drop(foreign);
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(sandbox.answering("testing"), release);
}

#[test]
fn a_commit_that_does_not_exist() {
    let sandbox = sandbox();
    let words = ["deploy", "testing", "--commit", "no-such-branch"];
    let ended = sandbox.run(words).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: there is no commit `no-such-branch`
    hint: name a commit, a branch or a tag: `git log --oneline` shows commits
    ");
    let ended = sandbox
        .run(["deploy", "testing", "--release", "r0123456789ab"])
        .expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: there is no release `r0123456789ab`
    hint: `shipway releases` shows them
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_folder_that_is_no_repository() {
    let sandbox = sandbox();
    std::fs::remove_dir_all(sandbox.project().join(".git")).expect("it is there");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(1);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: `[ROOT]/project` is in no git repository
    hint: a release is made from a commit: run `git init` and commit the project
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_folder_without_a_project() {
    let sandbox = empty();
    let ended = sandbox.run(["status"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: there is no shipway.yml in `[ROOT]/project` or above it
    hint: `shipway init` writes one
    ");
    assert!(!sandbox.state().exists());
}

#[test]
fn a_branch_that_no_environment_takes() {
    let sandbox = sandbox();
    sandbox.git(&["checkout", "--quiet", "-b", "elsewhere"]);
    let ended = sandbox.run(["deploy"]).expect_code(2);
    insta::assert_snapshot!(told(&sandbox, &ended), @"
    error: no environment takes the branch `elsewhere`
    hint: name one of testing
    ");
    assert_untouched(&sandbox);
}

#[test]
fn a_build_step_that_fails() {
    let sandbox = sandbox();
    sandbox.replace(
        "docker-compose.yml",
        "      process:\n",
        "      process:\n        build: [\"echo compiling; echo no compiler >&2; exit 7\"]\n",
    );
    sandbox.commit("a build");
    let ended = sandbox.run(["deploy", "testing"]).expect_code(1);
    ended.expect_told(&["the build failed", "| no compiler"]);
    assert_untouched(&sandbox);
}
