//! What the database is after a loss of power: every record that was acknowledged is there.
//!
//! SQLite syncs its log with each transaction, and the database before the log is begun anew. What
//! it wrote since may be on disk in any part. So after each of many transactions the two files are
//! copied, and between two copies, whatever differs and is not synced is cut, zeroed, garbled or
//! left out, frame by frame and page by page; then the store is opened.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use shipway_pipeline::time::Timestamp;

use crate::{Audit, Store, sqlite};

/// In front of the log.
const LOG_HEADER: usize = 32;

/// In front of each page in the log.
const FRAME_HEADER: usize = 24;

/// Pages of the log until they are brought into the database: few, so that it happens often.
const CHECKPOINT: i64 = 15;

/// As many transactions as it takes for the log to be begun anew a few times.
const TRANSACTIONS: u64 = 14;

/// The two files that hold the records.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

// === impl Files ===

impl Files {
    fn read(directory: &Path) -> Self {
        let read = |name| fs::read(directory.join(name)).unwrap_or_default();
        Self {
            database: read("shipway.db"),
            log: read("shipway.db-wal"),
        }
    }

    /// How many records are found where the disk is like this.
    fn records(&self, directory: &Path) -> u64 {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("shipway.db"), &self.database).unwrap();
        fs::write(directory.join("shipway.db-wal"), &self.log).unwrap();
        let store = Store::open(directory).unwrap();
        let verified = store.verify_audit_trail().unwrap().unwrap();
        drop(store);
        // This reads all pages.
        sqlite::contents(&directory.join("shipway.db")).unwrap();
        fs::remove_dir_all(directory).unwrap();
        verified.lines
    }

    fn page(&self) -> usize {
        match u16::from_be_bytes([self.database[16], self.database[17]]) {
            1 => 65536,
            size => usize::from(size),
        }
    }
}

/// What became of a part that was written and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Written,
    /// It is what it was; beyond the file's end, it is not there.
    Missing,
    /// One half is written.
    Torn,
    Filled(u8),
}

/// What may be on disk of a content that was written over another one, in parts of a size, which
/// follow each other from a place on. Parts that are the same were not written.
fn possible(old: &[u8], new: &[u8], from: usize, size: usize) -> BTreeSet<Vec<u8>> {
    assert!(new.len() >= old.len(), "nothing is cut");
    let bounds = [0].into_iter().chain((from..new.len()).step_by(size));
    let ends = (from..new.len()).step_by(size).chain([new.len()]);
    let written: Vec<_> = bounds
        .zip(ends)
        .filter(|&(from, to)| old.get(from..to) != new.get(from..to))
        .collect();
    let count = written.len();
    let of = |parts: &dyn Fn(usize) -> Part| {
        let mut content = new.to_vec();
        let mut length = old.len();
        for (number, &(from, to)) in written.iter().enumerate() {
            let middle = from + (to - from) / 2;
            let (keep, length_so_far) = match parts(number) {
                Part::Written => (to, to),
                Part::Missing => (from, from),
                Part::Torn => (middle, middle),
                Part::Filled(byte) => {
                    content[from..to].fill(byte);
                    (to, to)
                }
            };
            for (place, byte) in content.iter_mut().enumerate().take(to).skip(keep) {
                *byte = old.get(place).copied().unwrap_or_default();
            }
            if length_so_far > from {
                length = length.max(length_so_far);
            }
        }
        content.truncate(length);
        content
    };
    let others = [
        Part::Missing,
        Part::Torn,
        Part::Filled(0),
        Part::Filled(0xa5),
    ];
    let mut all = BTreeSet::from([of(&|_| Part::Written)]);
    for (number, other) in (0..count).flat_map(|number| others.map(|other| (number, other))) {
        // One of them is wrong, or it and all that come after it.
        all.insert(of(&|at| if at == number { other } else { Part::Written }));
        all.insert(of(&|at| if at < number { Part::Written } else { other }));
    }
    all
}

/// What may be on disk while one transaction and what follows from it are written.
fn losses(before: &Files, after: &Files) -> Vec<Files> {
    let page = after.page();
    let frame = page + FRAME_HEADER;
    // First the log; it is synced before the database is touched.
    let logs = possible(&before.log, &after.log, LOG_HEADER, frame);
    let with_log = |log| Files {
        database: before.database.clone(),
        log,
    };
    let mut all: Vec<Files> = logs.into_iter().map(with_log).collect();
    if before.database != after.database {
        let databases = possible(&before.database, &after.database, page, page);
        all.extend(databases.into_iter().map(|database| Files {
            database,
            log: after.log.clone(),
        }));
    }
    all
}

#[test]
fn what_was_acknowledged_is_there() {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    let store = Store::open(&disk).unwrap();
    let set = store
        .read()
        .pragma_update(None, "wal_autocheckpoint", CHECKPOINT);
    set.unwrap();
    let (mut looked, mut checkpoints, mut begun_anew) = (0, 0, 0);
    let mut before = Files::read(&disk);
    for acknowledged in 0..TRANSACTIONS {
        let audit = Audit {
            actor: "ada",
            action: "deploy",
            environment: None,
            subject: "d1",
        };
        store.audit(&audit, Timestamp(acknowledged)).unwrap();
        let after = Files::read(&disk);
        checkpoints += u32::from(before.database != after.database);
        begun_anew += u32::from(!after.log.starts_with(&before.log));
        for (number, files) in losses(&before, &after).iter().enumerate() {
            let found = files.records(&home.path().join("lost"));
            let is_right = found == acknowledged || found == acknowledged + 1;
            assert!(is_right, "{found} after {acknowledged}, state {number}");
            looked += 1;
        }
        // It returned: what was written of it is on disk.
        assert_eq!(after.records(&home.path().join("lost")), acknowledged + 1);
        before = after;
    }
    assert!(
        checkpoints > 1 && begun_anew > 1,
        "{checkpoints} {begun_anew}"
    );
    assert!(looked > 200, "{looked}");
}

/// The test above is about a log that is synced with each transaction.
#[test]
fn each_transaction_is_synced() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let connection = store.read();
    let text = |name: &str| -> String {
        let asked = connection.pragma_query_value(None, name, |row| row.get(0));
        asked.unwrap()
    };
    let number = |name: &str| -> i64 {
        let asked = connection.pragma_query_value(None, name, |row| row.get(0));
        asked.unwrap()
    };
    assert_eq!(text("journal_mode"), "wal");
    const FULL: i64 = 2;
    assert_eq!(number("synchronous"), FULL);
    assert_eq!(number("foreign_keys"), 1);
}
