//! Files of variables, and the variables that Compose files ask for.

use std::collections::{BTreeMap, BTreeSet};

use shipway_compose::dotenv;

use super::layout::is_known_folder;
use super::listing::{Listing, depth, split};
use super::stage::{Stage, words};

/// What a Compose file's text asks of variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// All names.
    pub(super) all: BTreeSet<String>,
    /// `${NAME:?}` and `${NAME?}`: Compose refuses to go on without.
    pub(super) demanded: BTreeSet<String>,
    /// Names that stand somewhere without a default.
    pub(super) bare: BTreeSet<String>,
}

/// An environment's files of variables; none where Compose's own `.env` is what it takes.
pub(super) fn env_files(stage: Stage, listing: &Listing, compose: &[String]) -> Vec<String> {
    let mut own: Vec<String> = listing
        .files
        .keys()
        .filter(|path| stage_of(path) == Some(stage))
        .cloned()
        .collect();
    own.sort_by_key(|path| (depth(path), path.clone()));
    if !own.is_empty() {
        return own;
    }
    // Compose reads the one beside the first file.
    let folder = compose.first().map_or("", |path| split(path).0);
    let beside = format!("{folder}/.env");
    if !folder.is_empty() && listing.has(&beside) {
        return vec![beside];
    }
    Vec::new()
}

/// The environment whose variables a file holds.
fn stage_of(path: &str) -> Option<Stage> {
    let (folder, name) = split(path);
    // Below `.envs` stand the files that services name themselves.
    if !is_known_folder(folder) || folder.starts_with(".envs") {
        return None;
    }
    let said: Vec<&str> = words(name).collect();
    let is_file = name == ".env"
        || name.starts_with(".env.")
        || name.starts_with(".env-")
        || name.ends_with(".env");
    match said.as_slice() {
        ["env"] if is_file => Stage::of_folder(folder),
        ["env", word] | [word, "env"] if is_file => Stage::of_word(word),
        _ => None,
    }
}

/// The variables of files, later ones over earlier ones.
pub(super) fn values(names: &[String], listing: &Listing) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for name in names {
        let text = listing.text(name).unwrap_or_default();
        // What is wrong with it is for `validate` to tell.
        if let Ok(found) = dotenv::parse(text, 0, &|key: &str| values.get(key).cloned()) {
            values.extend(found);
        }
    }
    values
}

/// A file that shows which variables there are, for people to copy.
pub(super) fn example(listing: &Listing) -> Option<&str> {
    [
        ".env.example",
        ".env.sample",
        ".env.template",
        ".env.dist",
        "env.example",
    ]
    .into_iter()
    .find(|name| listing.has(name))
}

// === impl Asked ===

impl Asked {
    /// Looks through the text of a Compose file.
    pub(super) fn read(&mut self, text: &str) {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        for line in lines {
            let mut rest = line;
            while let Some((_, after)) = rest.split_once('$') {
                // `$$` is a dollar sign.
                rest = after.strip_prefix('$').unwrap_or(after);
                if rest.len() == after.len() {
                    self.note(after);
                }
            }
        }
    }

    fn note(&mut self, after: &str) {
        let (inside, is_braced) = match after.strip_prefix('{') {
            Some(inside) => (inside, true),
            None => (after, false),
        };
        let end = inside
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(inside.len());
        let (name, tail) = inside.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        self.all.insert(name.to_owned());
        if !is_braced || tail.starts_with('}') {
            self.bare.insert(name.to_owned());
        } else if tail.starts_with('?') || tail.starts_with(":?") {
            self.bare.insert(name.to_owned());
            self.demanded.insert(name.to_owned());
        }
    }
}
