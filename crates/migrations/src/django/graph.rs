//! The order of migrations, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::file::{Key, Parsed};

/// Migrations in an order in which they can be applied.
pub(crate) struct Graph {
    /// Indexes into what was handed in.
    pub(crate) order: Vec<usize>,
    /// Of each, what it comes after.
    pub(crate) parents: Vec<BTreeSet<usize>>,
    pub(crate) troubles: Vec<Trouble>,
}

/// What is wrong with the order.
pub(crate) struct Trouble {
    pub(crate) migration: usize,
    pub(crate) message: String,
}

// === impl Graph ===

impl Graph {
    pub(crate) fn of(parsed: &[&Parsed]) -> Self {
        let mut troubles = Vec::new();
        let replaced = replaced(parsed);
        let present = present(parsed, &replaced);
        let parents = parents(parsed, &present, &mut troubles);
        heads(parsed, &parents, &replaced, &mut troubles);
        let order = sorted(parsed, &parents, &replaced, &mut troubles);
        Self {
            order,
            parents,
            troubles,
        }
    }
}

/// Migrations that a squashed one stands for. Only one of the two is replayed: the squashed one.
fn replaced<'a>(parsed: &[&'a Parsed]) -> HashSet<&'a Key> {
    parsed
        .iter()
        .flat_map(|migration| &migration.replaces)
        .collect()
}

/// Where a name leads: a replaced one to what replaces it.
fn present<'a>(parsed: &[&'a Parsed], replaced: &HashSet<&'a Key>) -> HashMap<&'a Key, usize> {
    let mut present = HashMap::with_capacity(parsed.len());
    for (at, migration) in parsed.iter().enumerate() {
        if !replaced.contains(&migration.key) {
            present.insert(&migration.key, at);
        }
        for key in &migration.replaces {
            present.insert(key, at);
        }
    }
    present
}

fn parents(
    parsed: &[&Parsed],
    present: &HashMap<&Key, usize>,
    troubles: &mut Vec<Trouble>,
) -> Vec<BTreeSet<usize>> {
    let apps: BTreeSet<&str> = parsed.iter().map(|one| one.key.app.as_str()).collect();
    let mut parents = vec![BTreeSet::new(); parsed.len()];
    for (at, migration) in parsed.iter().enumerate() {
        for key in &migration.dependencies {
            if let Some(parent) = find(key, parsed, present) {
                if parent != at {
                    parents[at].insert(parent);
                }
            } else if apps.contains(key.app.as_str()) && !key.name.starts_with("__") {
                troubles.push(Trouble {
                    migration: at,
                    message: format!(
                        "`{}.{}` depends on `{}.{}`, which is not there",
                        migration.key.app, migration.key.name, key.app, key.name
                    ),
                });
            }
        }
        for key in &migration.run_before {
            if let Some(child) = find(key, parsed, present).filter(|child| *child != at) {
                parents[child].insert(at);
            }
        }
    }
    parents
}

/// `__first__` and `__latest__` name a migration by its place.
fn find(key: &Key, parsed: &[&Parsed], present: &HashMap<&Key, usize>) -> Option<usize> {
    let of_app = || {
        parsed
            .iter()
            .enumerate()
            .filter(|(_, one)| one.key.app == key.app)
    };
    match key.name.as_str() {
        "__first__" => of_app().min_by_key(|(_, one)| &one.key.name),
        "__latest__" => of_app().max_by_key(|(_, one)| &one.key.name),
        _ => return present.get(key).copied(),
    }
    .map(|(at, _)| at)
}

/// An app may have one last migration only.
fn heads(
    parsed: &[&Parsed],
    parents: &[BTreeSet<usize>],
    replaced: &HashSet<&Key>,
    troubles: &mut Vec<Trouble>,
) {
    let mut is_followed = vec![false; parsed.len()];
    for (at, parents) in parents.iter().enumerate() {
        for parent in parents {
            is_followed[*parent] |= parsed[*parent].key.app == parsed[at].key.app;
        }
    }
    let mut last: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, migration) in parsed.iter().enumerate() {
        if !is_followed[at] && !replaced.contains(&migration.key) {
            last.entry(&migration.key.app).or_default().push(at);
        }
    }
    for (app, heads) in last {
        if let [.., newest] = heads[..]
            && heads.len() > 1
        {
            let names: Vec<String> = heads
                .iter()
                .map(|at| format!("`{}`", parsed[*at].key.name))
                .collect();
            troubles.push(Trouble {
                migration: newest,
                message: format!("`{app}` has several last migrations: {}", names.join(", ")),
            });
        }
    }
}

/// Parents first; among equals by app and name, so that the same files give the same order.
fn sorted(
    parsed: &[&Parsed],
    parents: &[BTreeSet<usize>],
    replaced: &HashSet<&Key>,
    troubles: &mut Vec<Trouble>,
) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parsed.len()];
    let mut waits: Vec<usize> = parents.iter().map(BTreeSet::len).collect();
    for (at, parents) in parents.iter().enumerate() {
        for parent in parents {
            children[*parent].push(at);
        }
    }
    let mut ready: BTreeSet<(&Key, usize)> = (0..parsed.len())
        .filter(|at| waits[*at] == 0)
        .map(|at| (&parsed[at].key, at))
        .collect();
    let mut order = Vec::with_capacity(parsed.len());
    let mut is_placed = vec![false; parsed.len()];
    while let Some((_, at)) = ready.pop_first() {
        is_placed[at] = true;
        if !replaced.contains(&parsed[at].key) {
            order.push(at);
        }
        for child in &children[at] {
            waits[*child] -= 1;
            if waits[*child] == 0 {
                ready.insert((&parsed[*child].key, *child));
            }
        }
    }
    for at in (0..parsed.len()).filter(|at| !is_placed[*at]) {
        order.push(at);
        troubles.push(Trouble {
            migration: at,
            message: format!(
                "`{}.{}` depends on itself through others",
                parsed[at].key.app, parsed[at].key.name
            ),
        });
    }
    order
}
