//! Disks that are full and servers that die while a database is saved or brought back: the old
//! database serves, and the next command goes on.

use std::fs;
use std::path::Path;

use shipway_engine::backup::{BackupError, Depth};
use shipway_engine::deploy::Finished;
use shipway_pipeline::backup::{Backup, Source};
use shipway_pipeline::deployment::{Outcome, State};
use shipway_testkit::fakes::{Call, Fault, Moment, Of, Then};
use shipway_testkit::{PostgresServer, SmallDisk};

use crate::rig::{Rig, why};

const MIB: u64 = 1024 * 1024;

/// So many MiB that no compression makes less of.
fn noise(rig: &Rig, table: &str, mebibytes: u64) {
    let rows = mebibytes * 4096;
    rig.postgres.say(
        "shop",
        &format!(
            "CREATE TABLE {table} AS SELECT string_agg(sha256((i * 8 + j)::text::bytea), '') AS x
             FROM generate_series(1, {rows}) i, generate_series(0, 7) j GROUP BY i"
        ),
    );
}

/// Leaves so many bytes of a disk.
fn fill(disk: &Path, left: u64) -> std::path::PathBuf {
    let path = disk.join("filler");
    let found = rustix::fs::statvfs(disk).unwrap();
    let free = found.f_bavail * found.f_frsize;
    fs::write(&path, vec![0; (free - left) as usize]).unwrap();
    path
}

fn word(rig: &Rig) -> String {
    rig.postgres.say("shop", "SELECT word FROM t")
}

/// What is in the database now was not there when the backup was made.
async fn saved(rig: &Rig) -> Backup {
    rig.postgres
        .say("shop", "CREATE TABLE t AS SELECT 'first' AS word");
    rig.deploy(1).await;
    let made = rig.back_up().await.unwrap();
    rig.postgres.say("shop", "UPDATE t SET word = 'second'");
    made
}

#[tokio::test]
async fn a_full_disk_ends_a_backup_and_harms_none() {
    let Some(disk) = SmallDisk::new(2) else {
        return;
    };
    let directory = disk.path().display();
    let rig = Rig::new().configured(&format!(
        "backup: {{ before_deploy: false, directory: {directory} }}"
    ));
    let good = saved(&rig).await;
    let folder = Path::new(&good.directory);
    let names = || fs::read_dir(folder).unwrap().count();
    let before = names();
    noise(&rig, "noise", 4);
    // The last one was small, so nothing speaks against it before it begins.
    let full = rig.back_up().await.unwrap_err();
    assert!(
        matches!(full, BackupError::File { .. }) && full.is_full(),
        "{full}"
    );
    assert_eq!(names(), before);
    let production = Rig::production();
    let verified = rig.engine.verify_backup(&production, &good, Depth::Restore);
    verified.await.unwrap();

    // What is foretold has no room: nothing is begun.
    let filler = fill(disk.path(), 0);
    let refused = rig.back_up().await.unwrap_err();
    assert!(matches!(refused, BackupError::NoRoom { .. }), "{refused}");
    fs::remove_file(filler).unwrap();
    rig.postgres.say("shop", "DROP TABLE noise");
    rig.back_up().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_ends_a_restore_and_the_old_database_serves() {
    let Some(server) = PostgresServer::with_room(300) else {
        return;
    };
    let rig = Rig::on(server);
    rig.postgres.say(
        "shop",
        "CREATE TABLE much AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 24000)",
    );
    let made = saved(&rig).await;
    let filler = fill(&rig.postgres.data(), 18 * MIB);
    let refused = rig.restore(&made).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Failed);
    assert!(
        why(&refused).contains("MB are free on"),
        "{}",
        why(&refused)
    );
    assert_eq!(rig.databases(), "shop");

    // It was less when it was saved: only the server notices.
    let mut smaller = made.clone();
    let Source::Postgres(source) = &mut smaller.source else {
        panic!("{:?}", made.source);
    };
    source.bytes = MIB;
    rig.engine.store.put_backup(&smaller).unwrap();
    let failed = rig.restore(&made).await.unwrap();
    assert_eq!(failed.outcome, Outcome::Failed);
    assert!(
        why(&failed).contains("No space left on device"),
        "{}",
        why(&failed)
    );
    assert_eq!(
        (rig.databases().as_str(), word(&rig).as_str()),
        ("shop", "second")
    );

    fs::remove_file(filler).unwrap();
    let restored = rig.restore(&made).await.unwrap();
    assert_eq!(restored.outcome, Outcome::Succeeded, "{}", why(&restored));
    assert_eq!(word(&rig), "first");
}

#[tokio::test]
async fn a_server_that_dies_while_it_restores_has_the_old_database() {
    let mut rig = Rig::new();
    // Restoring it waits, so that it is under way for sure.
    rig.postgres.say(
        "shop",
        "CREATE FUNCTION public.pause() RETURNS int LANGUAGE plpgsql AS 'BEGIN \
         IF current_database() <> ''shop'' THEN PERFORM pg_sleep(600); END IF; RETURN 1; END';\n\
         CREATE MATERIALIZED VIEW slow AS SELECT public.pause() AS x;",
    );
    let made = saved(&rig).await;
    let restore = rig.restore(&made);
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    rig.until(async || rig.postgres.say("postgres", sleeps) == "1")
        .await;
    rig.postgres.crash();
    let failed = restore.await.unwrap();
    assert_eq!(failed.outcome, Outcome::Failed, "{}", why(&failed));
    rig.postgres.start_again();
    assert_eq!(word(&rig), "second");
    // What it left is told, and goes.
    let production = Rig::production();
    let aside = rig.engine.databases_aside(&production).await.unwrap();
    assert_eq!(aside[0].name, format!("shop_new_{}", failed.deployment));
    let removed = rig.engine.remove_databases_aside(&production, &aside);
    removed.await.unwrap();
    assert_eq!(rig.databases(), "shop");
}

/// Restores until the release is stopped, and kills the server right then.
async fn crash_before_the_exchange(
    rig: &mut Rig,
    made: &Backup,
) -> tokio::task::JoinHandle<Finished> {
    // Requests are held, the route is emptied, what is left is cut, the release is stopped.
    let calls = rig.world.calls().len();
    rig.world.arrange(Fault {
        at: 3,
        of: Of::Effects,
        moment: Moment::After,
        then: Then::Gate,
    });
    let restore = rig.restore(made);
    rig.world.reached().await;
    let new = rig.world.calls().split_off(calls);
    let last = new.iter().rfind(|call| call.is_effect());
    assert!(matches!(last, Some(Call::Stop { .. })), "{new:?}");
    rig.postgres.crash();
    rig.world.open();
    restore
}

#[tokio::test]
async fn a_server_that_dies_before_the_exchange_is_waited_for() {
    let mut rig = Rig::new();
    let made = saved(&rig).await;
    let restore = crash_before_the_exchange(&mut rig, &made).await;
    rig.postgres.start_again();
    let restored = restore.await.unwrap();
    assert_eq!(restored.outcome, Outcome::Succeeded, "{}", why(&restored));
    assert_eq!(word(&rig), "first");
}

#[tokio::test]
async fn a_server_that_stays_away_before_the_exchange_comes_back_with_the_old_database() {
    let mut rig = Rig::new();
    let made = saved(&rig).await;
    let restore = crash_before_the_exchange(&mut rig, &made).await;
    let production = Rig::production();
    rig.until(async || {
        let unfinished = rig.engine.store.unfinished(&production).unwrap();
        unfinished.is_some_and(|it| matches!(it.state, State::Reverting { .. }))
    })
    .await;
    rig.postgres.start_again();
    let failed = restore.await.unwrap();
    assert_eq!(failed.outcome, Outcome::RolledBack, "{}", why(&failed));
    assert_eq!(word(&rig), "second");
    // What was restored may have been written to, so nothing removes it unasked.
    let left = format!("shop shop_new_{}", failed.deployment);
    assert_eq!(rig.databases(), left);
    // Nothing stands in the way of another attempt.
    let restored = rig.restore(&made).await.unwrap();
    assert_eq!(restored.outcome, Outcome::Succeeded, "{}", why(&restored));
    assert_eq!(word(&rig), "first");
}
