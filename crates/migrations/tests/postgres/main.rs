//! What the rules say of locks and rewrites, tried on a real PostgreSQL.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the crate does nothing; its tests ask a server whether it is right"
)]

mod server;

use server::{Server, Session};
use shipway_migrations::{Claim, Lock, SETUP, claims};

/// Nothing else is going on, so a statement that need not wait for the session that is there does
/// not wait at all, however slow the machine.
const PATIENCE: &str = "SET lock_timeout = '100ms'";

/// What a statement was seen to do.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    lock: Option<Lock>,
    other: Option<Lock>,
    rewrites: bool,
    scans: bool,
}

#[test]
#[ignore = "needs a PostgreSQL server: `cargo xtask test`"]
fn every_claim_is_what_the_server_does() {
    let server = Server::start();
    server.say(SETUP);
    let mut wrong = Vec::new();
    for claim in claims().iter().filter(|claim| !claim.alone) {
        let seen = observe(&server, claim);
        let claimed = Seen {
            lock: claim.lock,
            other: claim.other,
            rewrites: claim.rewrites,
            scans: claim.scans,
        };
        if seen != claimed {
            wrong.push(format!(
                "{}\n  seen {seen:?}\n  said {claimed:?}",
                claim.sql
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lock's name is one thing, who has to wait for it another.
#[test]
#[ignore = "needs a PostgreSQL server: `cargo xtask test`"]
fn readers_and_writers_wait_for_what_is_claimed() {
    let server = Server::start();
    server.say(SETUP);
    let mut reader = server.session();
    reader.say("BEGIN; SELECT count(*) FROM purchase; SELECT count(*) FROM customer;");
    let mut wrong = with_in_use(&server, "a reader", Lock::AccessExclusive);
    reader.say("ROLLBACK;");
    let mut writer = server.session();
    writer.say("BEGIN; UPDATE purchase SET note = ''; UPDATE customer SET email = '';");
    wrong.extend(with_in_use(&server, "a writer", Lock::Share));
    writer.say("ROLLBACK;");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What PostgreSQL refuses in a transaction is watched while it waits for one.
#[test]
#[ignore = "needs a PostgreSQL server: `cargo xtask test`"]
fn statements_that_stand_alone_take_the_claimed_lock() {
    for claim in claims().iter().filter(|claim| claim.alone) {
        let server = Server::start();
        server.say(SETUP);
        let refused = server.try_say(&format!("BEGIN; {}; ROLLBACK;", claim.sql));
        assert!(refused.is_err(), "{} runs in a transaction", claim.sql);
        let before = server.say("SELECT pg_relation_filenode('purchase')");
        let mut writer = server.session();
        writer.say("BEGIN; UPDATE purchase SET note = '';");
        let waiting = server.background(claim.sql);
        let modes = server.wait_for(
            "SELECT string_agg(l.mode, ',') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE a.application_name = 'watched' AND a.wait_event_type = 'Lock'
             AND l.relation = 'purchase'::regclass",
        );
        assert_eq!(strongest(&modes), claim.lock, "{}: {modes}", claim.sql);
        writer.say("COMMIT;");
        waiting.finish();
        let after = server.say("SELECT pg_relation_filenode('purchase')");
        assert_eq!(before != after, claim.rewrites, "{}", claim.sql);
    }
}

/// Claims that do not fit who waits while somebody uses both tables.
fn with_in_use(server: &Server, who: &str, from: Lock) -> Vec<String> {
    let mut wrong = Vec::new();
    for claim in claims().iter().filter(|claim| !claim.alone) {
        let waits = claim.lock.max(claim.other) >= Some(from) || claim.locks_index;
        let result = server.try_say(&format!("{PATIENCE}; BEGIN; {}; ROLLBACK;", claim.sql));
        let is_timeout = matches!(&result, Err(said) if said.contains("lock timeout"));
        if is_timeout != waits || !is_timeout && result.is_err() {
            wrong.push(format!("{} with {who}: {result:?}", claim.sql));
        }
    }
    wrong
}

fn observe(server: &Server, claim: &Claim) -> Seen {
    let mut session: Session = server.session();
    // A column to a time with a zone is left alone in such sessions only.
    session.say("SET timezone = 'UTC'; BEGIN;");
    let oid = session.say("SELECT 'purchase'::regclass::oid;");
    let other = session.say("SELECT 'customer'::regclass::oid;");
    let file = "SELECT coalesce((SELECT relfilenode FROM pg_class WHERE oid = ";
    let before = session.say(&format!("{file}{oid}), 0);"));
    session.say(&format!("{};", claim.sql));
    let after = session.say(&format!("{file}{oid}), 0);"));
    let locks = |session: &mut Session, oid: &str| {
        strongest(&session.say(&format!(
            "SELECT string_agg(mode, ',') FROM pg_locks
             WHERE pid = pg_backend_pid() AND relation = {oid};"
        )))
    };
    let (lock, other) = (locks(&mut session, &oid), locks(&mut session, &other));
    let scans = session.say(&format!(
        "SELECT coalesce(pg_stat_get_xact_numscans({oid}), 0) > 0;"
    ));
    session.say("ROLLBACK;");
    Seen {
        lock,
        other,
        rewrites: before != after && after != "0",
        scans: scans == "t",
    }
}

fn strongest(modes: &str) -> Option<Lock> {
    modes
        .split(',')
        .filter_map(|mode| match mode.trim() {
            "ShareUpdateExclusiveLock" => Some(Lock::ShareUpdateExclusive),
            "ShareLock" => Some(Lock::Share),
            "ShareRowExclusiveLock" => Some(Lock::ShareRowExclusive),
            "AccessExclusiveLock" => Some(Lock::AccessExclusive),
            _ => None,
        })
        .max()
}
