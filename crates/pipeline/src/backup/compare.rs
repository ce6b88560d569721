//! Whether what was restored is what was saved.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a database held, counted in the very snapshot that was saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// How many rows each table has.
    pub tables: BTreeMap<String, u64>,
    /// Where each sequence stood.
    pub sequences: BTreeMap<String, Sequence>,
    /// Of each application, the migration that Django applied last.
    pub migrations: BTreeMap<String, String>,
}

/// Where a sequence stood. Sequences are outside of every snapshot, so it is asked twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Before the backup was begun.
    pub before: i64,
    /// After it was done.
    pub after: i64,
}

/// Something that a restored database has otherwise than the one that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What: a table, a sequence, an application.
    pub what: String,
    /// As it was.
    pub saved: String,
    /// As it is now.
    pub restored: String,
}

/// Compares what was saved with what was restored.
///
/// ```
/// use shipway_pipeline::backup::{Contents, compare};
/// let mut saved = Contents::default();
/// saved.tables.insert("public.orders".to_owned(), 12);
/// let mut restored = saved.clone();
/// assert!(compare(&saved, &restored).is_empty());
/// restored.tables.insert("public.orders".to_owned(), 11);
/// assert_eq!(compare(&saved, &restored)[0].to_string(), "public.orders: 12 saved, 11 restored");
/// ```
#[must_use]
pub fn compare(saved: &Contents, restored: &Contents) -> Vec<Difference> {
    let mut all = differing(
        &saved.tables,
        &restored.tables,
        |a, b| a == b,
        u64::to_string,
    );
    let stands = |saved: &Sequence, restored: &Sequence| {
        let (low, high) = (saved.before.min(saved.after), saved.before.max(saved.after));
        (low..=high).contains(&restored.before)
    };
    all.extend(differing(
        &saved.sequences,
        &restored.sequences,
        stands,
        |one| one.before.to_string(),
    ));
    let same = |a: &String, b: &String| a == b;
    all.extend(differing(
        &saved.migrations,
        &restored.migrations,
        same,
        String::clone,
    ));
    all
}

fn differing<T>(
    saved: &BTreeMap<String, T>,
    restored: &BTreeMap<String, T>,
    is_same: impl Fn(&T, &T) -> bool,
    show: impl Fn(&T) -> String,
) -> Vec<Difference> {
    let show = |one: Option<&T>| one.map_or_else(|| "nothing".to_owned(), &show);
    let mut names: Vec<&String> = saved.keys().chain(restored.keys()).collect();
    names.sort();
    names.dedup();
    let pairs = names
        .into_iter()
        .map(|name| (name, saved.get(name), restored.get(name)));
    pairs
        .filter(|(_, saved, restored)| match (saved, restored) {
            (Some(saved), Some(restored)) => !is_same(saved, restored),
            _ => true,
        })
        .map(|(name, saved, restored)| Difference {
            what: name.clone(),
            saved: show(saved),
            restored: show(restored),
        })
        .collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            saved,
            restored,
        } = self;
        write!(f, "{what}: {saved} saved, {restored} restored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: u64, before: i64, after: i64, leaf: &str) -> Contents {
        Contents {
            tables: [("public.orders".to_owned(), rows)].into(),
            sequences: [("public.orders_id".to_owned(), Sequence { before, after })].into(),
            migrations: [("shop".to_owned(), leaf.to_owned())].into(),
        }
    }

    #[test]
    fn a_sequence_may_stand_wherever_it_stood_meanwhile() {
        let saved = contents(5, 10, 20, "0001");
        for at in [10, 15, 20] {
            assert_eq!(compare(&saved, &contents(5, at, at, "0001")), []);
        }
        for at in [9, 21] {
            assert_eq!(compare(&saved, &contents(5, at, at, "0001")).len(), 1);
        }
        // One that counts down.
        let down = contents(5, 20, 10, "0001");
        assert_eq!(compare(&down, &contents(5, 12, 12, "0001")), []);
    }

    #[test]
    fn what_is_missing_or_too_much_is_told() {
        let saved = contents(5, 1, 1, "0002");
        let found = compare(&saved, &Contents::default());
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "public.orders: 5 saved, nothing restored",
                "public.orders_id: 1 saved, nothing restored",
                "shop: 0002 saved, nothing restored",
            ]
        );
        assert_eq!(compare(&Contents::default(), &saved).len(), 3);
    }
}
