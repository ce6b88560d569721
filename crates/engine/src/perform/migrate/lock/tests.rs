//! The lock on databases of a real PostgreSQL server, and on one that never serves.

use shipway_testkit::PostgresServer;
use tokio::net::TcpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::database::of_url;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// As the server that an image makes a database with.
const AS_OF_AN_IMAGE: [&str; 2] = ["-c", "listen_addresses="];

/// Waits for a lock, and hears what is told meanwhile.
async fn lock(
    server: &Server,
    most: Duration,
    meanwhile: impl AsyncFnOnce(&mut UnboundedReceiver<String>),
) -> (Result<Lock, Failure>, Vec<String>) {
    let (sender, mut told) = unbounded_channel();
    let waiter = Waiter {
        server,
        patience: Patience::of(most),
        tell: &|text| sender.send(text).unwrap(),
    };
    let (taken, ()) = tokio::join!(waiter.take(), meanwhile(&mut told));
    drop(sender);
    let mut all = Vec::new();
    while let Some(text) = told.recv().await {
        all.push(text);
    }
    (taken, all)
}

/// Has the server say that it started so long ago.
fn set_age(postgres: &PostgresServer, interval: &str) {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION public.pg_postmaster_start_time() RETURNS timestamptz \
         LANGUAGE sql AS $$ SELECT now() - interval '{interval}' $$"
    );
    postgres.say("postgres", &sql);
}

#[tokio::test]
async fn only_a_server_that_says_otherwise_does_not_stay() {
    let mut postgres = PostgresServer::new();
    let server = of_url("URL", &postgres.url("postgres")).unwrap();
    // What is in `public` stands for what the server says of itself.
    let first = "ALTER DATABASE postgres SET search_path = public, pg_catalog";
    postgres.say("postgres", first);
    set_age(&postgres, "0 s");
    let stays = async || server.query(STAYS).await.unwrap()[0][0] == "t";
    assert!(stays().await, "its settings say that it has no address");

    postgres.crash();
    postgres.start_again_with(&AS_OF_AN_IMAGE);
    assert!(!stays().await, "its command line does, and it is new");
    set_age(&postgres, "61 s");
    assert!(stays().await, "it has been there for long");
    set_age(&postgres, "0 s");
    assert!(!stays().await);
    postgres.say(
        "postgres",
        "CREATE VIEW public.pg_settings AS SELECT * FROM pg_catalog.pg_settings \
         WHERE name <> 'listen_addresses'",
    );
    assert!(stays().await, "it does not say what it listens to");
}

#[tokio::test]
async fn a_server_that_ends_while_it_is_waited_for_is_waited_for_again() {
    let mut postgres = PostgresServer::new();
    postgres.crash();
    postgres.start_again_with(&AS_OF_AN_IMAGE);
    let server = of_url("URL", &postgres.url("postgres")).unwrap();
    let (taken, told) = lock(&server, LONG, async |told| {
        let first = told.recv().await.unwrap();
        assert_eq!(first, "the database is still being made: waiting for it");
        postgres.crash();
        postgres.start_again();
    })
    .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("the database does not serve"));
    taken
        .unwrap_or_else(|refused| panic!("{refused:?}"))
        .release()
        .await;
}

#[tokio::test]
async fn a_database_that_never_serves_is_given_up_with_its_reason() {
    // A port that is taken, and that nobody listens on.
    let port = TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = port.local_addr().unwrap();
    let server = of_url("URL", &format!("postgres://test@{address}/shop")).unwrap();
    let (refused, told) = lock(&server, Duration::from_millis(1), async |_| {}).await;
    let reason = refused.err().unwrap().reason;
    let beginning = "cannot lock the database against other migrations: `psql` failed: ";
    assert!(reason.starts_with(beginning), "{reason}");
    assert!(reason.contains("Connection refused"), "{reason}");
    // It was tried again, and told of once.
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("the database does not serve: waiting for it (`psql` failed: "));
}

#[tokio::test]
async fn a_database_is_migrated_by_one_at_a_time() {
    let postgres = PostgresServer::new();
    let server = of_url("URL", &postgres.url("postgres")).unwrap();
    let waits = "somebody else migrates the database: waiting for it";
    let (holder, told) = lock(&server, LONG, async |_| {}).await;
    assert_eq!(told, [""; 0]);
    let holder = holder.unwrap_or_else(|refused| panic!("{refused:?}"));
    let (next, _) = lock(&server, LONG, async |told| {
        assert_eq!(told.recv().await.unwrap(), waits);
        holder.release().await;
    })
    .await;
    // One that dies gives it back as well.
    let next = next.unwrap_or_else(|refused| panic!("{refused:?}"));
    let (last, _) = lock(&server, LONG, async |told| {
        assert_eq!(told.recv().await.unwrap(), waits);
        drop(next);
    })
    .await;
    last.unwrap_or_else(|refused| panic!("{refused:?}"));
}

#[tokio::test]
async fn what_an_interrupted_holder_left_at_work_is_waited_for() {
    let postgres = PostgresServer::new();
    let server = of_url("URL", &postgres.url("postgres")).unwrap();
    let task = server.with_variable("PGAPPNAME", APPLICATION);
    let mut left = task.session().await.unwrap();
    left.query("BEGIN; CREATE TABLE half ()").await.unwrap();
    let (taken, _) = lock(&server, LONG, async |told| {
        let waits = "what an interrupted migration began is at work: waiting for it";
        assert_eq!(told.recv().await.unwrap(), waits);
        left.query("COMMIT").await.unwrap();
        left.end().await.unwrap();
    })
    .await;
    taken.unwrap_or_else(|refused| panic!("{refused:?}"));
    let half = "SELECT to_regclass('half') IS NOT NULL";
    assert_eq!(server.query(half).await.unwrap(), [["t"]]);
}
