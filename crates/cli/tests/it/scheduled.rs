//! Backups that the daemon makes, proves and copies by itself.

use serde_json::Value;
use shipway_testkit::{Daemon, wait_until};

use crate::bucket::Site;
use crate::common::text;

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
