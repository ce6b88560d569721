//! What is told of a request to those who follow it.

use shipway_testkit::{Call, Daemon};

use super::{SECRET, ended, hooked, push};
use crate::common::text;

/// The events of a stream that came whole, each with its id.
fn events(lines: impl Iterator<Item = String>, most: usize) -> Vec<(String, String)> {
    let (mut all, mut id, mut data) = (Vec::new(), None, None);
    for line in lines {
        if let Some(text) = line.strip_prefix("id: ") {
            id = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("data: ") {
            data = Some(text.to_owned());
        } else if line.is_empty() {
            all.extend(id.take().zip(data.take()));
            if all.len() == most {
                break;
            }
        }
    }
    all
}

#[test]
fn whoever_follows_misses_nothing_and_hears_nothing_twice_over_restarts() {
    let sandbox = hooked();
    let open = sandbox.root().join("open");
    let gate = format!(
        "gates:\n  wait: {{ run: 'for n in 1 2 3 4 5 6; do echo line $n; done; \
         until [ -e {} ]; do sleep 0.05; done; echo the last line' }}\nenvironments:",
        open.display()
    );
    sandbox.replace("shipway.yml", "environments:", &gate);
    let viewer = sandbox.run_well(["tokens", "create", "anna", "--role", "viewer"]);
    let follow = Call::get("/v1/requests/q1/events").with_token(viewer.stdout.trim());
    let after = |seen: &[(String, String)]| match seen.last() {
        Some((id, _)) => follow.clone().with("Last-Event-ID", id),
        None => follow.clone(),
    };

    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let pushed = push("refs/heads/main", &commit, "1").signed(SECRET);
    assert_eq!(daemon.call(&pushed).status, 202);
    let mut seen = events(daemon.follow(&after(&[])), 3);
    assert_eq!(seen.len(), 3);
    // The process that carries the request out goes on, with and without a daemon.
    daemon.kill();
    let daemon = Daemon::start(&sandbox, []);
    seen.extend(events(daemon.follow(&after(&seen)), 2));
    let _ = daemon.stop().expect_code(0);
    std::fs::write(&open, "").unwrap();
    let daemon = Daemon::start(&sandbox, []);
    seen.extend(events(daemon.follow(&after(&seen)), usize::MAX));

    let whole = events(daemon.follow(&after(&[])), usize::MAX);
    assert_eq!(seen, whole);
    let told = |wanted: &str| {
        whole
            .iter()
            .filter(|(_, data)| data.contains(wanted))
            .count()
    };
    assert_eq!(told("the last line"), 1, "{whole:#?}");
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");
    let mut ids: Vec<u64> = whole.iter().map(|(id, _)| id.parse().unwrap()).collect();
    let count = ids.len();
    ids.dedup();
    assert!(ids.is_sorted() && ids.len() == count);
    let _ = daemon.stop().expect_code(0);
}
