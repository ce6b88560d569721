//! `cargo xtask bench backup`: `shipway backup create` over bare `pg_dump -Fc`.
//!
//! A real PostgreSQL server with a database of the size that is asked for; plain, encrypted and
//! bare take turns. Ours also counts every row, hashes what it writes, and saves the roles.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use shipway_testkit::{Environment, PostgresServer, Sandbox};

use super::Bench;
use crate::measure::{median, ratio};

/// Each takes as long as its database is large.
const ROUNDS: usize = 5;

/// What a backup must keep of the speed of `pg_dump`.
const GOAL: f64 = 0.9;

const MIB: u64 = 1024 * 1024;

/// Of the database, in MiB: more than a round's noise, and some seconds for each.
const SIZE: u64 = 256;

/// Rows of an application: numbers, times, words that repeat and some that do not.
const TABLES: &str = "
CREATE TABLE customers (id bigserial PRIMARY KEY, email text NOT NULL, name text, created timestamptz);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer bigint, status text, total numeric(10,2),
  note text, detail jsonb, created timestamptz);
CREATE INDEX ON orders (customer);
CREATE TABLE events (id bigserial PRIMARY KEY, token text, kind int, body text, at timestamptz);";

/// About sixteen MiB.
const ROWS: &str = "
INSERT INTO customers (email, name, created)
  SELECT 'customer' || i || '@example.org', 'Name ' || md5((i * random())::text), now() - i * interval '1 minute'
  FROM generate_series(1, 10000) i;
INSERT INTO orders (customer, status, total, note, detail, created)
  SELECT i % 10000, (ARRAY['pending', 'paid', 'sent', 'returned'])[1 + i % 4], i % 997 + 0.99,
    repeat('please leave it at the door; ', i % 4), jsonb_build_object('sku', md5(random()::text), 'count', i % 9),
    now() - i * interval '1 second'
  FROM generate_series(1, 30000) i;
INSERT INTO events (token, kind, body, at)
  SELECT md5(random()::text) || md5(random()::text), i % 40,
    'GET /products/' || i || '/ answered 200 in ' || i % 300 || ' ms', now()
  FROM generate_series(1, 30000) i;";

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    if !PostgresServer::is_installed() {
        println!("\n== backup: there is no PostgreSQL server to be backed up ==");
        return Ok(());
    }
    let postgres = PostgresServer::new();
    let bytes = fill(&postgres, bench.mib.unwrap_or(SIZE))?;
    let sandbox = deploy(bench.program, &postgres);
    println!(
        "\n== backup: a database of {} MiB on PostgreSQL {}; medians of {ROUNDS} interleaved rounds ==",
        bytes / MIB,
        postgres.say("shop", "SHOW server_version"),
    );
    let target = bench.directory.join("bare.dump");
    let (mut bare, mut plain, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(timed(|| dump(&postgres, &target))?);
        plain.push(timed(|| back_up(&sandbox, "plain"))?);
        sealed.push(timed(|| back_up(&sandbox, "sealed"))?);
    }
    let bare = median(bare);
    println!("{:<38}{bare:>8.2} s", "pg_dump -Fc");
    for (name, took) in [("plain", plain), ("encrypted", sealed)] {
        let took = median(took);
        let verdict = if bare >= GOAL * took { "met" } else { "MISSED" };
        println!(
            "{:<38}{took:>8.2} s; {} of its speed (goal: {GOAL}, {verdict})",
            format!("shipway backup create, {name}"),
            ratio(bare, took),
        );
    }
    Ok(())
}

/// Makes the database as large as it is to be, and says how large it came to be.
fn fill(postgres: &PostgresServer, mib: u64) -> Result<u64> {
    postgres.say("postgres", "CREATE DATABASE shop");
    postgres.say("shop", TABLES);
    loop {
        let size = postgres.say("shop", "SELECT pg_database_size('shop')");
        let size: u64 = size.parse().context("the size of the database")?;
        if size >= mib * MIB {
            // What is still to be written would be written while somebody is timed.
            postgres.say("shop", "VACUUM ANALYZE;\nCHECKPOINT;");
            return Ok(size);
        }
        postgres.say("shop", ROWS);
    }
}

/// A project with two environments on the same database: one encrypts its backups.
fn deploy(program: &Path, postgres: &PostgresServer) -> Sandbox {
    let environment = |name: &str, encrypt: bool| {
        let backup = format!("{{ before_deploy: false, encrypt: {encrypt} }}");
        Environment::new(name).with("backup", &backup)
    };
    let environments = [environment("plain", false), environment("sealed", true)];
    let sandbox = Sandbox::with_environments(program, environments);
    sandbox.set_variable("SHOP_URL", &postgres.url("shop"));
    let section = "\ndatabase: { url: '${SHOP_URL}' }\n\nenvironments:";
    sandbox.replace("shipway.yml", "\nenvironments:", section);
    let _ = sandbox.commit("a database");
    for name in ["plain", "sealed"] {
        let _ = sandbox.run_well(["deploy", name]);
    }
    sandbox
}

fn dump(postgres: &PostgresServer, target: &Path) -> Result<()> {
    let mut command = postgres.program("pg_dump", "shop");
    let status = command.arg("-Fc").arg("-f").arg(target).status()?;
    ensure!(status.success(), "pg_dump ended with {status}");
    Ok(())
}

fn back_up(sandbox: &Sandbox, environment: &str) -> Result<()> {
    let ended = sandbox.run(["backup", "create", environment]);
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}
