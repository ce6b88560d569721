//! Backups that the daemon makes, proves and copies by itself.

use serde_json::Value;
use shipway_testkit::{Daemon, Receiver, wait_until};

use crate::bucket::Site;
use crate::common::text;
use crate::notify::with_channel;

fn backups(site: &Site) -> Vec<Value> {
    let listed = site
        .sandbox
        .run_well(["backup", "list", "testing", "--json"]);
    listed.json().as_array().expect("a list").clone()
}

#[test]
fn what_is_due_is_made_copied_and_proven() {
    let site = Site::new(", schedule: '0 0 1 1 *', prove: '0 0 1 1 *'");
    let daemon = Daemon::start(&site.sandbox, []);
    let made = wait_until("a proven backup", || {
        let all = backups(&site);
        all.into_iter().find(|one| one["proven"].is_number())
    });
    assert_eq!(text(&made, "/reason/why"), "scheduled");
    assert_eq!(text(&made, "/uploaded/to"), "s3://backups/shop/testing");
    wait_until("the daemon to tell", || {
        let log = daemon.log();
        let told = ["environment=\"testing\"", "made=\"b1\"", "proven=\"b1\""];
        told.iter().all(|part| log.contains(part)).then_some(())
    });
    let _ = daemon.stop().expect_code(0);
}

#[test]
fn a_killed_daemon_interrupts_no_backup() {
    let site = Site::new(", schedule: '0 0 1 1 *'");
    site.store.take_parts(0);
    let daemon = Daemon::start(&site.sandbox, []);
    wait_until("the copy to be on its way", || {
        (site.store.parts() == 1).then_some(())
    });
    daemon.kill();
    let daemon = Daemon::start(&site.sandbox, []);
    site.store.take_parts(usize::MAX);
    wait_until("the copy to be there", || {
        backups(&site)[0]["uploaded"].is_object().then_some(())
    });
    // It was finished by who began it, and nobody made another.
    assert_eq!((backups(&site).len(), site.store.parts()), (1, 1));
    let _ = daemon.stop().expect_code(0);
}

#[test]
fn what_fails_is_told() {
    let site = Site::new(", schedule: '0 0 1 1 *'");
    let data = site
        .sandbox
        .state()
        .join("volumes/app/testing/data/app.sqlite3");
    std::fs::write(&data, "this is no database, however long it may be").expect("it is ours");
    let daemon = Daemon::start(&site.sandbox, []);
    wait_until("the daemon to tell", || {
        daemon
            .log()
            .contains("its process ended with exit code 1")
            .then_some(())
    });
    assert_eq!(backups(&site).len(), 0);
    let _ = daemon.stop().expect_code(0);
}

#[test]
fn what_fails_keeps_nothing_else_from_being_done() {
    let site = Site::new(", schedule: '0 0 1 1 *', prove: '0 0 1 1 *'");
    let (sandbox, receiver) = (&site.sandbox, Receiver::start());
    with_channel(sandbox, &receiver, "");
    let [_, (secret, _)] = site.store.variables();
    sandbox.set_variable(secret, "another");
    let ended = sandbox.run(["backup", "run-due", "--json"]).expect_code(1);
    let due = &ended.json()[0]["due"];
    assert_eq!(text(due, "/made/id"), "b1");
    assert_eq!(text(due, "/proven/id"), "b1");
    assert_eq!(text(due, "/failed/0/chore"), "copy");
    assert_eq!(due["failed"].as_array().map(Vec::len), Some(1));
    let audit = sandbox.run_well(["audit", "list"]).stdout;
    assert!(audit.contains("back up"), "{audit}");

    // Tried again, it is told once.
    let _ = sandbox.run(["backup", "run-due"]).expect_code(1);
    let _ = sandbox.run_well(["notify", "run-due"]);
    let [told] = &receiver.received()[..] else {
        panic!("{:?}", receiver.received());
    };
    let told = told.json();
    assert_eq!(text(&told, "/type"), "backup-failed");
    assert_eq!(text(&told, "/data/chore"), "copy");
    assert!(text(&told, "/data/reason").contains("s3://backups/shop/testing"));
}
