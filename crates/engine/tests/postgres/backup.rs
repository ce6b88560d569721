//! Backups that are good: whole, encrypted, proven, and as many as are to be kept.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use shipway_engine::backup::{BackupError, Depth};
use shipway_pipeline::backup::{Chore, Source};
use shipway_store::Keyring;

use crate::rig::Rig;

const SCHEMA: &str = "
CREATE ROLE reader;
CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
CREATE TABLE \"Odd name\" (id int);
CREATE SCHEMA extra;
CREATE TABLE extra.parent (id int) PARTITION BY RANGE (id);
CREATE TABLE extra.child PARTITION OF extra.parent FOR VALUES FROM (0) TO (100);
CREATE TABLE django_migrations (id serial, app text, name text);
INSERT INTO orders (note) SELECT 'note ' || i FROM generate_series(1, 500) i;
INSERT INTO extra.parent SELECT i FROM generate_series(0, 9) i;
INSERT INTO django_migrations (app, name) VALUES ('shop', '0001_initial'), ('shop', '0002_more');
ALTER DATABASE shop SET search_path TO public, extra;
ALTER ROLE reader IN DATABASE shop SET statement_timeout TO '5s';
GRANT CONNECT ON DATABASE shop TO reader;";

#[tokio::test]
async fn a_backup_is_proven_by_a_restore_and_says_what_it_holds() {
    let rig = Rig::new();
    rig.postgres.say("shop", SCHEMA);
    rig.deploy(1).await;
    let made = rig.back_up().await.unwrap();
    let contents = &made.contents;
    assert_eq!(contents.tables["public.orders"], 500);
    assert_eq!(contents.tables["public.Odd name"], 0);
    assert_eq!(contents.tables["extra.child"], 10);
    assert_eq!(contents.sequences["public.orders_id_seq"].before, 500);
    assert_eq!(contents.migrations["shop"], "0002_more");
    assert_eq!(made.release.as_ref().unwrap().as_str(), "r000000000001");
    let Source::Postgres(database) = &made.source else {
        panic!("{:?}", made.source);
    };
    assert_eq!(
        (database.name.as_str(), database.owner.as_str()),
        ("shop", "test")
    );
    assert!(database.extensions.contains_key("plpgsql"));
    let said: Vec<String> = database.apply("x");
    let has = |part: &str| said.iter().any(|statement| statement.contains(part));
    assert!(has("TO public, extra") && has("\"reader\" IN DATABASE") && has("TO \"reader\""));

    let folder = Path::new(&made.directory);
    for file in &made.files {
        let mode = folder
            .join(&file.name)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.name);
    }
    let globals = std::fs::read_to_string(folder.join(&made.files[1].name)).unwrap();
    assert!(globals.contains("CREATE ROLE reader"));
    assert_eq!(rig.files().len(), 3, "{:?}", rig.files());

    let production = Rig::production();
    let proven = rig
        .engine
        .verify_backup(&production, &made, Depth::Restore)
        .await
        .unwrap();
    assert!(proven.proven.is_some() && proven.verified.is_some());
    assert_eq!(rig.engine.backup(&production, made.id).unwrap(), proven);
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shipway%'";
    assert_eq!(rig.postgres.say("postgres", left), "0");
}

#[tokio::test]
async fn an_encrypted_backup_is_for_its_recipients() {
    let mut rig = Rig::new().configured("backup: { before_deploy: false, encrypt: true }");
    rig.postgres
        .say("shop", "CREATE TABLE t AS SELECT 'plain' AS word");
    rig.deploy(1).await;
    let made = rig.back_up().await.unwrap();
    for file in &made.files {
        let bytes = std::fs::read(Path::new(&made.directory).join(&file.name)).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"), "{}", file.name);
    }
    let production = Rig::production();
    let good = rig
        .engine
        .verify_backup(&production, &made, Depth::Restore)
        .await
        .unwrap();
    assert!(good.proven.is_some());
    let other = Keyring::of_file(rig.project().join("other"));
    other.open_or_create().unwrap();
    rig.engine.keyring = other;
    let refused = rig
        .engine
        .verify_backup(&production, &made, Depth::Read)
        .await
        .unwrap_err();
    assert!(matches!(refused, BackupError::Sealed { .. }), "{refused}");
}

#[tokio::test]
async fn what_nothing_keeps_goes_and_the_last_proven_one_stays() {
    let keep =
        "backup: { before_deploy: false, keep: { last: 1, daily: 0, weekly: 0, monthly: 0 } }";
    let rig = Rig::new().configured(keep);
    rig.deploy(1).await;
    let first = rig.back_up().await.unwrap();
    let production = Rig::production();
    rig.engine
        .verify_backup(&production, &first, Depth::Restore)
        .await
        .unwrap();
    let second = rig.back_up().await.unwrap();
    let third = rig.back_up().await.unwrap();
    let project = shipway_engine::project::Project::find(rig.project()).unwrap();
    let environment = project.environment("production").unwrap();
    let removed = rig.engine.prune_backups(environment).await.unwrap();
    assert_eq!(
        removed.iter().map(|one| one.id).collect::<Vec<_>>(),
        [second.id]
    );
    let left = rig.engine.store.backups(&production).unwrap();
    assert_eq!(
        left.iter().map(|one| one.id).collect::<Vec<_>>(),
        [third.id, first.id]
    );
    assert_eq!(rig.files().len(), 6, "{:?}", rig.files());
}

#[tokio::test]
async fn a_backup_that_is_due_is_made_once_however_many_ask() {
    let rig = Rig::new().configured("backup: { before_deploy: false, schedule: '0 0 1 1 *' }");
    rig.deploy(1).await;
    let project = shipway_engine::project::Project::find(rig.project()).unwrap();
    let environment = project.environment("production").unwrap();
    let ask = || rig.engine.back_up_due(environment);
    let (one, other) = tokio::join!(ask(), ask());
    let made = [one.unwrap(), other.unwrap()].map(|due| due.made);
    let made: Vec<_> = made.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].reason.to_string(), "scheduled");
    let again = ask().await.unwrap();
    assert!(again.made.is_none() && again.next > Some(made[0].created));
    assert_eq!(rig.files().len(), 3, "{:?}", rig.files());
}

#[tokio::test]
async fn a_proof_that_is_due_is_of_the_newest_backup_and_fails_where_that_holds_less() {
    let rig = Rig::new().configured("backup: { before_deploy: false, prove: '0 0 1 1 *' }");
    rig.postgres.say(
        "shop",
        "CREATE TABLE t AS SELECT generate_series(1, 50) AS id",
    );
    rig.deploy(1).await;
    let project = shipway_engine::project::Project::find(rig.project()).unwrap();
    let environment = project.environment("production").unwrap();
    let ask = || rig.engine.back_up_due(environment);
    // There is nothing to prove yet, and nothing says that one is to be made.
    let none = ask().await.unwrap();
    assert!(none.made.is_none() && none.proven.is_none());
    rig.back_up().await.unwrap();
    let newest = rig.back_up().await.unwrap();
    // One that does not hold what it says is due again until there is a good one.
    let mut wrong = newest.clone();
    wrong.contents.tables.insert("public.t".to_owned(), 51);
    rig.engine.store.put_backup(&wrong).unwrap();
    for _ in 0..2 {
        let refused = ask().await.unwrap().failed.pop().unwrap();
        assert_eq!(refused.chore, Chore::Prove);
        assert!(matches!(refused.error, BackupError::Differs { .. }));
    }
    rig.engine.store.put_backup(&newest).unwrap();
    let proven = ask().await.unwrap().proven.unwrap();
    assert_eq!(proven.id, newest.id);
    let again = ask().await.unwrap();
    assert!(again.proven.is_none() && again.next > proven.proven);
    let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shipway_verify_%'";
    assert_eq!(rig.postgres.say("postgres", scratch), "0");
}

#[tokio::test]
async fn settings_of_the_caller_do_not_reach_the_programs() {
    let rig = Rig::new();
    rig.deploy(1).await;
    // As a shell would have it: the URL says it all.
    let server = rig
        .server()
        .with_variable("PGOPTIONS", "-c application_name=mine");
    let mut command = server
        .program("psql", &["-Atc", "SHOW application_name"])
        .await
        .unwrap();
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "psql");
}
