//! Backups that are made while others write: each holds one moment, and none a half of anything.
//!
//! The application keeps books: money only ever goes from one account to another, and each such
//! transfer is written down by the same transaction. Whether books are right is asked of the
//! restored database itself, restored here by `pg_restore` alone, so that nothing of ours vouches
//! for ours.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use shipway_engine::backup::Depth;
use shipway_pipeline::backup::Backup;

use crate::rig::Rig;

/// As much as shows that counts are not lucky, in a time that a test may take.
const USUAL: usize = 6;

/// `cargo xtask prove backups` asks for more.
const COUNT: &str = "SHIPWAY_BACKUPS";

const SCHEMA: &str = "
CREATE TABLE accounts AS SELECT i AS id, 1000 AS balance FROM generate_series(0, 99) i;
ALTER TABLE accounts ADD PRIMARY KEY (id);
CREATE TABLE transfers (id bigserial PRIMARY KEY, taker int, giver int, amount int);";

/// Each writer has half of the accounts, so that none waits for the other.
const TRANSFERS: &str = "
DO $$ DECLARE taker int; giver int; BEGIN
  FOR i IN 1..50 LOOP
    taker := FIRST + floor(random() * 50); giver := FIRST + floor(random() * 50);
    UPDATE accounts SET balance = balance + i WHERE id = taker;
    UPDATE accounts SET balance = balance - i WHERE id = giver;
    INSERT INTO transfers (taker, giver, amount) VALUES (taker, giver, i);
    COMMIT;
  END LOOP;
END $$;";

/// Nothing is lost or made, and each account has what its transfers come to.
const BOOKS_ARE_RIGHT: &str = "
WITH moved AS (
  SELECT account, sum(amount) AS amount FROM (
    SELECT taker AS account, amount FROM transfers
    UNION ALL SELECT giver, -amount FROM transfers) sides
  GROUP BY account)
SELECT (SELECT sum(balance) FROM accounts) = 100000 AND NOT EXISTS (
  SELECT 1 FROM accounts LEFT JOIN moved ON account = id
  WHERE balance <> 1000 + coalesce(amount, 0))";

#[test]
fn backups_under_load_hold_one_moment() {
    let count = std::env::var(COUNT).map_or(USUAL, |text| text.parse().unwrap());
    let rig = Rig::new();
    rig.postgres.say("shop", SCHEMA);
    let is_over = AtomicBool::new(false);
    let write = |first: &str| {
        let statements = TRANSFERS.replace("FIRST", first);
        while !is_over.load(Ordering::Relaxed) {
            rig.postgres.say("shop", &statements);
        }
    };
    let transfers = std::thread::scope(|scope| {
        let writers = ["0", "50"].map(|first| scope.spawn(move || write(first)));
        let backups = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(proven_backups(&rig, count))
        });
        let all = backups.join();
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        all.unwrap()
    });
    for pair in transfers.windows(2) {
        assert!(pair[0] < pair[1], "nothing was written between {pair:?}");
    }
    println!(
        "{count} backups under load: each restored, counted as saved, and its books are right; \
         {} transfers in the first, {} in the last",
        transfers[0],
        transfers[count - 1]
    );
}

/// Makes and proves backups, and gives the number of transfers that each holds.
async fn proven_backups(rig: &Rig, count: usize) -> Vec<u64> {
    rig.deploy(1).await;
    let production = Rig::production();
    let mut all = Vec::new();
    for _ in 0..count {
        let made = rig.back_up().await.unwrap();
        let proven = rig.engine.verify_backup(&production, &made, Depth::Restore);
        assert!(proven.await.unwrap().proven.is_some());
        check_books(rig, &made);
        all.push(made.contents.tables["public.transfers"]);
    }
    all
}

/// Restores a backup by PostgreSQL's own program, and asks the application's question.
fn check_books(rig: &Rig, backup: &Backup) {
    rig.postgres.say("postgres", "CREATE DATABASE books");
    let file = Path::new(&backup.directory).join(&backup.files[0].name);
    let mut restore = rig.postgres.program("pg_restore", "books");
    let status = restore
        .args(["--exit-on-error", "--dbname=books"])
        .arg(file)
        .status();
    assert!(status.unwrap().success(), "{}", backup.id);
    let right = rig.postgres.say("books", BOOKS_ARE_RIGHT);
    assert_eq!(right, "t", "the books of {} are wrong", backup.id);
    rig.postgres.say("postgres", "DROP DATABASE books");
}
