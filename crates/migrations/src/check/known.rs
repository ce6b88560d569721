//! Which migrations there are.

use std::collections::{BTreeMap, BTreeSet};

use super::replay;
use crate::File;
use crate::django::Key;
use crate::settings::Settings;

/// A migration of Django's that some files have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The number of its file.
    pub file: usize,
    /// What Django calls it.
    pub key: Key,
    /// The migrations that it stands for.
    pub replaces: Vec<Key>,
    /// The files of the migrations that it comes after.
    pub after: Vec<usize>,
}

/// Returns the migrations of Django's in the order in which they are applied.
#[must_use]
pub fn known(files: &[File]) -> Vec<Known> {
    let replayed = replay::replay(files, None, &Settings::default());
    let migrations = replayed.migrations.into_iter();
    let known = migrations.filter_map(|migration| {
        Some(Known {
            file: migration.file,
            key: migration.key?,
            replaces: migration.replaces,
            after: migration.parents,
        })
    });
    known.collect()
}

/// Returns the tables that Django's models have after all of these migrations, each with its
/// columns: what code names that comes with them.
#[must_use]
pub fn tables(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    replay::columns(files, &Settings::default())
}

// === impl Known ===

impl Known {
    /// Whether a database has it that has applied these: itself, or all that it stands for.
    #[must_use]
    pub fn is_applied(&self, applied: &BTreeSet<Key>) -> bool {
        let has_parts = !self.replaces.is_empty();
        applied.contains(&self.key)
            || has_parts && self.replaces.iter().all(|key| applied.contains(key))
    }

    /// Those of `all` that are applied where the last migration of each app is one of `leaves`.
    #[must_use]
    pub fn until(all: &[Self], leaves: &BTreeMap<String, String>) -> BTreeSet<Key> {
        let by_file: BTreeMap<usize, &Self> = all.iter().map(|one| (one.file, one)).collect();
        let is_leaf = |one: &&Self| leaves.get(&one.key.app) == Some(&one.key.name);
        let mut left: Vec<&Self> = all.iter().filter(is_leaf).collect();
        let mut found = BTreeSet::new();
        while let Some(one) = left.pop() {
            if found.insert(one.key.clone()) {
                left.extend(one.after.iter().filter_map(|file| by_file.get(file)));
            }
        }
        found
    }
}
