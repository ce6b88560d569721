//! What naive scripts do wrong when a backup is brought back, done to ours: the database that is
//! used is as it was, or is what was saved and nothing else.

use std::path::Path;

use shipway_engine::backup::{BackupError, Depth};
use shipway_pipeline::backup::Backup;
use shipway_pipeline::deployment::Outcome;

use crate::rig::{Rig, why};

/// A rig with these tables, and a backup of it.
async fn saved(sql: &str) -> (Rig, Backup) {
    let rig = Rig::new();
    rig.postgres.say("shop", sql);
    rig.deploy(1).await;
    let made = rig.back_up().await.unwrap();
    (rig, made)
}

/// `psql < dump` goes on after an error and exits 0, with a table that is empty.
#[tokio::test]
async fn a_restore_with_an_error_in_the_middle_is_told_and_changes_nothing() {
    let (rig, made) = saved(
        "CREATE FUNCTION public.is_home() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN \
         IF current_database() <> ''shop'' THEN RAISE EXCEPTION ''not at home''; END IF; \
         RETURN true; END';
         CREATE TABLE a AS SELECT generate_series(1, 1000) AS id;
         CREATE TABLE b (id int CHECK (public.is_home()));
         INSERT INTO b VALUES (1);",
    )
    .await;
    rig.postgres.say("shop", "INSERT INTO b VALUES (2)");
    let failed = rig.restore(&made).await.unwrap();
    assert_eq!(failed.outcome, Outcome::Failed);
    assert!(why(&failed).contains("not at home"), "{}", why(&failed));
    assert_eq!(rig.databases(), "shop");
    assert_eq!(rig.postgres.say("shop", "SELECT count(*) FROM b"), "2");
    let production = Rig::production();
    let proof = rig.engine.verify_backup(&production, &made, Depth::Restore);
    let refused = proof.await.unwrap_err();
    assert!(refused.to_string().contains("not at home"), "{refused}");
}

/// `pg_restore` into a database that is used doubles its rows; with `--clean --if-exists` a table
/// that is newer than the backup survives.
#[tokio::test]
async fn what_comes_back_is_what_was_saved_and_nothing_else() {
    let (rig, made) = saved("CREATE TABLE a AS SELECT generate_series(1, 1000) AS id").await;
    rig.postgres.say(
        "shop",
        "INSERT INTO a SELECT generate_series(1001, 1500);
         CREATE TABLE newer AS SELECT 1 AS id;",
    );
    for _ in 0..2 {
        let restored = rig.restore(&made).await.unwrap();
        assert_eq!(restored.outcome, Outcome::Succeeded, "{}", why(&restored));
        let count = "SELECT count(*) || ' of ' || max(id) FROM a";
        assert_eq!(rig.postgres.say("shop", count), "1000 of 1000");
        let newer = "SELECT to_regclass('newer') IS NULL";
        assert_eq!(rig.postgres.say("shop", newer), "t");
    }
    assert_eq!(rig.databases(), "shop shop_before_d2 shop_before_d3");
}

/// A dump without `-C` loses what belongs to the database itself.
#[tokio::test]
async fn settings_and_rights_of_the_database_come_back() {
    let (rig, made) = saved(
        "CREATE ROLE reader LOGIN;
         ALTER DATABASE shop SET search_path TO public, pg_catalog;
         ALTER ROLE reader IN DATABASE shop SET statement_timeout TO '5s';
         ALTER DATABASE shop CONNECTION LIMIT 77;
         REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
         GRANT CONNECT ON DATABASE shop TO reader;",
    )
    .await;
    let restored = rig.restore(&made).await.unwrap();
    assert_eq!(restored.outcome, Outcome::Succeeded, "{}", why(&restored));
    let say = |sql: &str| rig.postgres.say("shop", sql);
    assert_eq!(say("SHOW search_path"), "public, pg_catalog");
    let facts = "SELECT datconnlimit, has_database_privilege('reader', 'shop', 'CONNECT'), \
                 (SELECT setconfig FROM pg_db_role_setting s WHERE s.setdatabase = d.oid \
                  AND s.setrole = 'reader'::regrole) \
                 FROM pg_database d WHERE datname = 'shop'";
    assert_eq!(say(facts), "77|t|{statement_timeout=5s}");
    let grants = "SELECT count(*) FROM pg_database d, aclexplode(d.datacl) a \
                  WHERE datname = 'shop' AND a.grantee = 0 AND a.privilege_type = 'CONNECT'";
    assert_eq!(say(grants), "0");
}

/// Roles are the server's, and in no dump of a database.
#[tokio::test]
async fn a_missing_role_is_named_and_is_in_what_stands_beside_the_backup() {
    let (rig, made) = saved(
        "CREATE ROLE keeper NOLOGIN;
         CREATE TABLE a (id int);
         ALTER TABLE a OWNER TO keeper;",
    )
    .await;
    rig.postgres
        .say("shop", "DROP OWNED BY keeper; DROP ROLE keeper;");
    let production = Rig::production();
    let prove = || rig.engine.verify_backup(&production, &made, Depth::Restore);
    let refused = prove().await.unwrap_err();
    assert!(matches!(refused, BackupError::Database(_)), "{refused}");
    let told = refused.to_string();
    assert!(told.contains("role \"keeper\" does not exist"), "{told}");
    assert_eq!(rig.databases(), "shop");

    let globals = Path::new(&made.directory).join(&made.files[1].name);
    let globals = std::fs::read_to_string(globals).unwrap();
    // The role of the test's own server is there already.
    let missing: Vec<&str> = globals
        .lines()
        .filter(|line| line.contains("ROLE keeper"))
        .collect();
    rig.postgres.say("postgres", &missing.join("\n"));
    prove().await.unwrap();
}
