//! The queue that carries pushes out, whatever is killed.

use shipway_testkit::{Behaviour, Daemon, Sandbox, kill, wait_until};

use super::{SECRET, ended, hooked, push};
use crate::common::{assert_live, text};

/// The process that carries a request out.
fn carrier(sandbox: &Sandbox, id: &str) -> u32 {
    wait_until("somebody to carry it out", || {
        let words = ["carry-out", id];
        let is_it = |command: &[String]| command.windows(2).any(|pair| pair == words);
        let all = sandbox.processes();
        all.iter()
            .find(|one| is_it(&one.command))
            .map(|one| one.pid)
    })
}

#[test]
fn of_a_thousand_pushes_at_once_the_newest_is_deployed() {
    let sandbox = hooked();
    let open = sandbox.root().join("open");
    let gate = format!(
        "gates:\n  wait: {{ run: 'echo waits; until [ -e {} ]; do sleep 0.05; done' }}\nenvironments:",
        open.display()
    );
    sandbox.replace("shipway.yml", "environments:", &gate);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let send = |delivery: &str| {
        let call = push("refs/heads/main", &commit, delivery).signed(SECRET);
        let reply = daemon.call(&call);
        assert_eq!(reply.status, 202, "{reply:?}");
    };
    // The others come while the first is carried out.
    send("first");
    let events = sandbox.state().join("runs/q1.ndjson");
    wait_until("the first to wait", || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        text.contains("waits").then_some(())
    });
    std::thread::scope(|scope| {
        for caller in 0..20 {
            let send = &send;
            scope.spawn(move || {
                for number in 0..50 {
                    send(&format!("{caller}-{number}"));
                }
            });
        }
    });
    std::fs::write(&open, "").unwrap();
    let newest = daemon.get("/v1/requests?limit=1");
    assert_eq!(text(&newest, "/requests/0/id"), "q1001");
    assert_eq!(text(&ended(&daemon, "q1"), "/end/end"), "deployed");
    assert_eq!(text(&ended(&daemon, "q1001"), "/end/end"), "unchanged");
    assert_eq!(sandbox.history().len(), 1);
    // Those that waited were passed over, and say so.
    for id in ["q2", "q500", "q1000"] {
        let passed = ended(&daemon, id);
        assert_eq!(text(&passed, "/end/end"), "superseded", "{passed:#}");
    }
}

#[test]
fn a_killed_daemon_loses_nothing_and_nothing_runs_twice() {
    let sandbox = hooked();
    let commit = sandbox.release(Behaviour::SlowStart(4));
    let daemon = Daemon::start(&sandbox, []);
    let call = push("refs/heads/main", &commit, "1").signed(SECRET);
    assert_eq!(daemon.call(&call).status, 202);
    let events = sandbox.state().join("runs/q1.ndjson");
    let wait_for = |wanted: &str| {
        wait_until(wanted, || {
            let text = std::fs::read_to_string(&events).unwrap_or_default();
            text.contains(wanted).then_some(())
        });
    };
    wait_for("lease_taken");
    let first = carrier(&sandbox, "q1");
    daemon.kill();
    // The child goes on, and the next daemon leaves it alone.
    let daemon = Daemon::start(&sandbox, []);
    assert_eq!(carrier(&sandbox, "q1"), first);
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");
    assert_eq!(sandbox.history().len(), 1);

    // Both are killed: it is carried out again, and goes on with the same deployment.
    let commit = sandbox.release(Behaviour::SlowStart(4));
    let call = push("refs/heads/main", &commit, "2").signed(SECRET);
    assert_eq!(daemon.call(&call).status, 202);
    let events = sandbox.state().join("runs/q2.ndjson");
    wait_until("it to begin", || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        text.contains("lease_taken").then_some(())
    });
    let child = carrier(&sandbox, "q2");
    daemon.kill();
    kill(child);
    let daemon = Daemon::start(&sandbox, []);
    assert_eq!(text(&ended(&daemon, "q2"), "/end/outcome"), "succeeded");
    let told = std::fs::read_to_string(&events).unwrap();
    assert!(told.contains("it is carried out again"), "{told}");
    assert_eq!(sandbox.history().len(), 2);
    let release = sandbox.answering("testing");
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "testing", &release);
}
