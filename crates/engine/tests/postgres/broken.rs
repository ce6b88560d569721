//! What naive scripts do wrong, done to ours: nothing that is not good is ever taken for a backup,
//! and nothing that is good is harmed.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipway_engine::backup::{BackupError, Depth};
use shipway_engine::database::DatabaseError;
use shipway_pipeline::backup::Backup;

use crate::rig::Rig;

/// A rig with something to lose, and a backup of it.
async fn rig() -> (Rig, Backup) {
    let rig = Rig::new();
    rig.postgres.say(
        "shop",
        "CREATE TABLE orders AS SELECT i, md5(i::text) AS note FROM generate_series(1, 50000) i;",
    );
    rig.deploy(1).await;
    let made = rig.back_up().await.unwrap();
    (rig, made)
}

fn file(backup: &Backup) -> PathBuf {
    Path::new(&backup.directory).join(&backup.files[0].name)
}

async fn verify(rig: &Rig, backup: &Backup, depth: Depth) -> Result<Backup, BackupError> {
    rig.engine
        .verify_backup(&Rig::production(), backup, depth)
        .await
}

/// `pg_dump bad | gzip > f` exits 0 with a file that passes `gzip -t`; `pg_dump bad > backup.sql`
/// cuts the good backup of yesterday to nothing.
#[tokio::test]
async fn a_dump_that_fails_leaves_nothing_and_harms_nothing() {
    let (rig, good) = rig().await;
    let before = rig.files();
    rig.postgres
        .say("postgres", "ALTER DATABASE shop RENAME TO gone");
    let refused = rig.back_up().await.unwrap_err();
    assert!(
        refused.to_string().contains("\"shop\" does not exist"),
        "{refused}"
    );
    assert_eq!(rig.files(), before);
    rig.postgres
        .say("postgres", "ALTER DATABASE gone RENAME TO shop");
    verify(&rig, &good, Depth::Read).await.unwrap();
    assert_eq!(
        rig.engine.store.backups(&Rig::production()).unwrap().len(),
        1
    );
}

/// A dump that fails half-way: the program has written a good part by then.
#[tokio::test]
async fn a_dump_that_fails_half_way_leaves_nothing() {
    let (rig, _) = rig().await;
    let before = rig.files();
    // Reading the view of `zz` fails when everything else is written already.
    rig.postgres.say(
        "shop",
        "CREATE FUNCTION fail() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken page''; END';\n\
         CREATE TABLE zz (a int);\nALTER TABLE zz ENABLE ROW LEVEL SECURITY;\n\
         CREATE ROLE weak LOGIN;\nGRANT ALL ON ALL TABLES IN SCHEMA public TO weak;\n\
         CREATE POLICY p ON zz USING (fail() = 1);",
    );
    let url = rig.postgres.url("shop").replace("test@", "weak@");
    fs::write(rig.project().join(".env"), format!("SHOP_URL={url}\n")).unwrap();
    let refused = rig.back_up().await.unwrap_err();
    assert!(
        refused.to_string().contains("row-level security"),
        "{refused}"
    );
    assert_eq!(rig.files(), before);
}

/// `pg_restore -l` exits 0 on a truncated archive.
#[tokio::test]
async fn a_truncated_backup_is_found_by_its_length_and_by_reading_it() {
    let (rig, mut made) = rig().await;
    let path = file(&made);
    let whole = fs::read(&path).unwrap();
    let cut = &whole[..whole.len() * 2 / 3];
    fs::write(&path, cut).unwrap();
    let refused = verify(&rig, &made, Depth::Read).await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
    // As if it had been cut before it was measured.
    made.files[0].size = cut.len() as u64;
    made.files[0].sha256 = hex(cut);
    let refused = verify(&rig, &made, Depth::Read).await.unwrap_err();
    let is_read = matches!(&refused, BackupError::Database(DatabaseError::Failed { program, .. }) if program == "pg_restore");
    assert!(is_read, "{refused}");
}

/// One changed byte passes a full read of an archive that is not compressed.
#[tokio::test]
async fn a_changed_byte_is_found() {
    let (rig, made) = rig().await;
    let path = file(&made);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = verify(&rig, &made, Depth::Read).await.unwrap_err();
    assert!(refused.to_string().contains("another content"), "{refused}");
    assert_eq!(
        rig.engine
            .backup(&Rig::production(), made.id)
            .unwrap()
            .verified,
        None
    );
}

/// A restore that exits 0 may hold less than was saved: it is counted.
#[tokio::test]
async fn a_backup_that_holds_less_is_not_proven() {
    let (rig, mut made) = rig().await;
    made.contents
        .tables
        .insert("public.orders".to_owned(), 50_001);
    let refused = verify(&rig, &made, Depth::Restore).await.unwrap_err();
    assert!(matches!(refused, BackupError::Differs { .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .contains("public.orders: 50001 saved, 50000 restored")
    );
    assert_eq!(
        rig.engine
            .backup(&Rig::production(), made.id)
            .unwrap()
            .proven,
        None
    );
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shipway%'";
    assert_eq!(rig.postgres.say("postgres", left), "0");
}

/// The server dies in the middle.
#[tokio::test]
async fn a_server_that_dies_leaves_no_backup() {
    let (mut rig, good) = rig().await;
    let before = rig.files();
    // The dump waits for a table that somebody has, so that it is under way for sure.
    let mut holder = rig.server().session().await.unwrap();
    holder
        .query("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let engine = rig.engine.clone();
    let production = Rig::production();
    let backup = tokio::spawn(async move {
        let reason = shipway_pipeline::backup::Reason::Asked;
        engine.create_backup(&production, reason).await
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    rig.until(async || rig.postgres.say("postgres", waits) == "2")
        .await;
    assert!(
        rig.files().len() > before.len(),
        "something is being written"
    );
    rig.postgres.crash();
    assert!(backup.await.unwrap().is_err());
    assert_eq!(rig.files(), before);
    rig.postgres.start_again();
    verify(&rig, &good, Depth::Restore).await.unwrap();
}

/// A command that was killed leaves what it had written, and the next one removes it; one that was
/// killed after its last rename made a backup, and the next one knows of it.
#[tokio::test]
async fn what_a_killed_command_left_is_dealt_with_by_the_next_one() {
    let (rig, made) = rig().await;
    let folder = Path::new(&made.directory);
    fs::write(folder.join("production-b9-x.dump.partial"), "half of it").unwrap();
    rig.engine.store.remove_backup(made.id).unwrap();
    assert!(
        rig.engine
            .store
            .backups(&Rig::production())
            .unwrap()
            .is_empty()
    );
    let next = rig.back_up().await.unwrap();
    let ids: Vec<_> = rig.engine.store.backups(&Rig::production()).unwrap();
    assert_eq!(
        ids.iter().map(|one| one.id).collect::<Vec<_>>(),
        [next.id, made.id]
    );
    assert!(
        rig.files().iter().all(|name| !name.ends_with(".partial")),
        "{:?}",
        rig.files()
    );
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
