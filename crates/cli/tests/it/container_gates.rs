//! Gates in a container of the image that was built of the commit.

use shipway_testkit::{Environment, Sandbox, wait_until};

use crate::common::{PROGRAM, deployed, text};

fn with_gates(gates: &str) -> Sandbox {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace(
        "shipway.yml",
        "environments:",
        &format!("gates:\n{gates}environments:"),
    );
    sandbox
}

/// Containers of gates that are there, running or not.
fn of_gates(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.containers().into_iter();
    all.filter(|name| name.contains("-gate-")).collect()
}

/// What a gate wrote in its last run.
fn written(sandbox: &Sandbox, gate: &str) -> String {
    sandbox.run_well(["gates", "explain", gate]).stdout
}

const REPORT: &str = "<testsuite name='a' tests='1'><testcase classname='a' name='b'/></testsuite>";

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn what_is_tested_is_the_image_that_is_deployed() {
    let gates = format!(
        "  inside:
    in: image
    run: |
      echo \"in $PWD by $(python3 -c 'import sys; print(sys.version_info[0])') at $SHIPWAY_COMMIT\"
      test -e app.py && ! test -e Dockerfile && test \"$CI\" = true && cat /flavour
      mkdir out && echo \"{REPORT}\" > out/junit.xml
    reports: {{ junit: out/junit.xml }}
"
    );
    let sandbox = with_gates(&gates);
    sandbox.replace(
        "docker-compose.yml",
        "build: .",
        "build: { context: ., args: { FLAVOUR: \"${FLAVOUR:-vanilla}\" } }",
    );
    sandbox.replace(
        "Dockerfile",
        "WORKDIR",
        "ARG FLAVOUR\nRUN echo $FLAVOUR > /flavour\nWORKDIR",
    );
    let commit = sandbox.commit("a flavour");
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(sandbox.answering("testing"), release);
    let told = written(&sandbox, "inside");
    assert!(
        told.contains(&format!("in /application by 3 at {commit}")),
        "{told}"
    );
    assert!(told.contains("vanilla"), "{told}");
    assert_eq!(of_gates(&sandbox), [""; 0]);
    let shown = || sandbox.run_well(["gates", "show", "--json"]).json();
    let first = shown();
    let image = text(&first, "/0/run/image").to_owned();
    assert!(image.starts_with("sha256:"), "{image}");

    // It passed in this image, and is run again in another one of the same commit.
    sandbox.run_well(["gates", "run"]);
    assert_eq!(shown(), first);
    sandbox.set_variable("FLAVOUR", "lemon");
    sandbox.run_well(["gates", "run"]);
    let second = shown();
    assert_ne!(text(&second, "/0/run/image"), image);
    assert!(written(&sandbox, "inside").contains("lemon"));
    assert_eq!(of_gates(&sandbox), [""; 0]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn an_image_that_does_not_pass_is_not_deployed() {
    let gates = "  broken: { in: image, run: 'echo it is broken; exit 4' }
  slow: { in: image, run: 'sleep 600', timeout: 2s }
  stale: { in: image, run: 'true', reports: { junit: /version } }
"
    .replace("/version", "version");
    let sandbox = with_gates(&gates);
    let refused = sandbox.run(["deploy", "testing"]).expect_code(3);
    refused.expect_told(&[
        "`testing` does not take",
        "gate `broken` failed: exit code 4",
        "gate `slow` inconclusive",
        // The image holds a file of that name, which the command did not write.
        "gate `stale` inconclusive",
    ]);
    assert!(written(&sandbox, "broken").contains("it is broken"));
    assert!(sandbox.history().is_empty());
    assert_eq!(of_gates(&sandbox), [""; 0]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_gate_ends_with_whoever_waits_for_it() {
    let gates = "  tests: { in: image, run: 'echo it began; sleep 600' }\n";
    let sandbox = with_gates(gates);
    let mut waiting = sandbox.start(["gates", "run"]);
    waiting.wait_for_output("it began");
    assert_eq!(of_gates(&sandbox).len(), 1);
    waiting.interrupt();
    let _ = waiting.finish().expect_code(130);
    assert_eq!(of_gates(&sandbox), [""; 0]);

    // Killed, it leaves its container to whoever comes next.
    let mut killed = sandbox.start(["gates", "run"]);
    killed.wait_for_output("it began");
    let left = of_gates(&sandbox);
    assert_eq!(left.len(), 1);
    let mut beside = sandbox.start(["gates", "run"]);
    wait_until("a second one beside it", || {
        (of_gates(&sandbox).len() == 2).then_some(())
    });
    killed.kill();
    beside.wait_for_output("it began");
    beside.interrupt();
    let _ = beside.finish().expect_code(130);
    assert_eq!(of_gates(&sandbox), left);
    sandbox.replace("shipway.yml", "echo it began; sleep 600", "true");
    sandbox.run_well(["gates", "run"]);
    assert_eq!(of_gates(&sandbox), [""; 0]);
}
