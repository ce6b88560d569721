//! How a database is asked.

use shipway_engine::database::{Database, DatabaseError};

use crate::rig::{Rig, workload};

#[tokio::test]
async fn rows_come_whole_whatever_they_hold() {
    let rig = Rig::new();
    let server = rig.server();
    let rows = server
        .query("SELECT 'a|b', E'two\\nlines', NULL UNION ALL SELECT '', 'x', 'y'")
        .await
        .unwrap();
    assert_eq!(rows, [["a|b", "two\nlines", ""], ["", "x", "y"]]);
    assert!(
        server
            .query("SELECT 1 WHERE false")
            .await
            .unwrap()
            .is_empty()
    );
    let big = "SELECT repeat('x', 300000) FROM generate_series(1, 3)";
    let rows = server.query(big).await.unwrap();
    assert_eq!((rows.len(), rows[2][0].len()), (3, 300_000));
}

#[tokio::test]
async fn the_first_error_ends_it_and_is_told() {
    let rig = Rig::new();
    let server = rig.server();
    let refused = server
        .query("SELECT 1;\nSELECT missing;\nCREATE TABLE never ()")
        .await;
    let Err(DatabaseError::Failed { program, reason }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(program, "psql");
    assert!(
        reason.contains("column \"missing\" does not exist"),
        "{reason}"
    );
    let made = rig.postgres.say("shop", "SELECT to_regclass('never')");
    assert_eq!(made, "");
    let gone = server.named("no such").query("SELECT 1").await.unwrap_err();
    assert!(gone.to_string().contains("does not exist"), "{gone}");
}

#[tokio::test]
async fn what_a_session_holds_goes_with_it() {
    let rig = Rig::new();
    let server = rig.server();
    let mut holder = server.session().await.unwrap();
    holder.query("SELECT pg_advisory_lock(7)").await.unwrap();
    let try_lock = "SELECT pg_try_advisory_lock(7)";
    assert_eq!(server.query(try_lock).await.unwrap(), [["f"]]);
    assert_eq!(
        holder.query("SELECT 1; SELECT 2").await.unwrap(),
        [["1"], ["2"]]
    );
    drop(holder);
    // The server notices as soon as its client's socket is closed.
    rig.until(async || server.query(try_lock).await.unwrap() == [["t"]])
        .await;
}

#[tokio::test]
async fn a_database_is_found_by_its_variable_and_only_then() {
    let rig = Rig::new();
    let production = "production".parse().unwrap();
    let workload = workload();
    let found = rig.engine.database_of(&production, &workload).unwrap();
    assert!(matches!(found, Database::Postgres(server) if server.name() == "shop"));
    std::fs::write(rig.project().join(".env"), "OTHER=1\n").unwrap();
    let unset = rig.engine.database_of(&production, &workload).unwrap_err();
    assert!(matches!(unset, DatabaseError::Unset(name) if name == "SHOP_URL"));
    let nothing = rig.engine.database(&production).unwrap_err();
    assert!(matches!(nothing, DatabaseError::NothingLive(_)));
}
