//! The test kit itself: it sees what is lost, and leaves nothing behind.

use std::path::Path;

use shipway_testkit::{Traffic, kill, wait_until};

use crate::common::sandbox;

#[test]
fn what_is_lost_is_seen() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    let traffic = Traffic::start(&sandbox, "testing");
    // Without a proxy nobody answers: this is what no switch may look like.
    kill(sandbox.proxy_pid());
    wait_until("the proxy to be gone", || {
        sandbox.get("testing", "/").is_err().then_some(())
    });
    let _proxy = sandbox.start(["proxy"]);
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    assert!(observed.lost > 0, "{observed}");
    assert_eq!(observed.repeated, 0, "{observed}");
    assert!(observed.executed >= observed.acknowledged, "{observed}");
}

#[test]
fn a_sandbox_takes_everything_with_it() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    let processes = sandbox.processes();
    assert!(processes.len() >= 3, "{processes:#?}");
    let root = sandbox.root().to_owned();
    drop(sandbox);
    for process in processes {
        assert!(!is_alive(process.pid), "{process:?}");
    }
    assert!(!root.exists());
}

/// Whether a process runs; one that only waits to be reaped does not.
fn is_alive(pid: u32) -> bool {
    let command = Path::new("/proc").join(pid.to_string()).join("cmdline");
    std::fs::read(command).is_ok_and(|words| !words.is_empty())
}
