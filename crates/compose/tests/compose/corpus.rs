//! The corpus: one small project for each rule, with Compose's answer stored beside it.
//!
//! Each folder of `tests/corpus` is an area and one test. `SHIPWAY_BLESS=1`
//! asks Compose and writes its answers into the cases; `SHIPWAY_ASK=1` asks it
//! and fails where a stored answer is not what it says.

use std::path::{Path, PathBuf};

use super::answer::Answer;
use super::case::Case;
use super::oracle::Oracle;
use super::project::Given;

/// Makes a test of each area.
macro_rules! areas {
    ($($function:ident $folder:literal)*) => {
        const AREAS: &[&str] = &[$($folder),*];
        $(
            #[test]
            fn $function() {
                check($folder);
            }
        )*
    };
}

areas! {
    anchors "anchors"
    build "build"
    configs "configs"
    depends_on "depends-on"
    deploy "deploy"
    env_file "env-file"
    errors "errors"
    extends "extends"
    healthcheck "healthcheck"
    include "include"
    interpolation "interpolation"
    limits_and_devices "limits-and-devices"
    merge "merge"
    names "names"
    networks "networks"
    newer "newer"
    paths "paths"
    ports "ports"
    profiles "profiles"
    reset "reset"
    scalars "scalars"
    secrets "secrets"
    services "services"
    sizes "sizes"
    volumes "volumes"
}

/// The heading of differences that are mistakes of ours, known and not mended yet.
const OPEN: &str = "open";

/// A case and where it is stored.
struct Stored {
    path: PathBuf,
    case: Case,
}

// === impl Stored ===

impl Stored {
    fn name(&self) -> String {
        let below = self.path.strip_prefix(root()).unwrap_or(&self.path);
        below.with_extension("").display().to_string()
    }

    /// What is wrong, one line for each place.
    fn problems(&mut self) -> Vec<String> {
        let given = Given::from(&self.case);
        let ours = Answer::ours(given.load());
        let mut problems = self.ask(&given, &ours);
        let Some(theirs) = &self.case.theirs else {
            problems.push("Compose's answer is not stored yet: SHIPWAY_BLESS=1".to_owned());
            return problems;
        };
        let differs = Answer::differences(theirs, &ours);
        match (&self.case.difference, &self.case.ours) {
            (None, None) => problems.extend(differs),
            (Some(_), _) if differs.is_empty() => {
                problems.push("marked as a difference, and there is none".to_owned());
            }
            (Some(_), Some(expected)) => {
                let changed = Answer::differences(expected, &ours);
                problems.extend(
                    changed
                        .into_iter()
                        .map(|line| line.replace("Compose", "the stored answer of ours")),
                );
            }
            (Some(_), None) => {
                problems.push("our answer is not stored: SHIPWAY_BLESS=1".to_owned());
            }
            (None, Some(_)) => problems.push("two answers, and no `difference:`".to_owned()),
        }
        problems
    }

    /// Asks Compose where that is wanted.
    fn ask(&mut self, given: &Given, ours: &Answer) -> Vec<String> {
        let (bless, ask) = (is_set("SHIPWAY_BLESS"), asks());
        if !bless && !ask {
            return Vec::new();
        }
        let theirs = match Oracle::find() {
            Ok(oracle) => oracle.ask(given),
            Err(reason) => return vec![reason],
        };
        if bless {
            self.case.theirs = Some(theirs);
            self.case.ours = self.case.difference.as_ref().map(|_| ours.clone());
            write(&self.path, &self.case.render());
            return Vec::new();
        }
        match &self.case.theirs {
            Some(stored) if stored.is_same_as(&theirs) => Vec::new(),
            _ => vec![format!(
                "Compose says another thing than is stored: {theirs:?}"
            )],
        }
    }
}

/// Every project of the corpus, with its name.
pub(crate) fn all() -> Vec<(String, Given)> {
    AREAS
        .iter()
        .flat_map(|area| cases(area))
        .map(|stored| (stored.name(), Given::from(&stored.case)))
        .collect()
}

/// The projects of which Compose says what we say.
pub(crate) fn agreeing() -> Vec<(String, Given)> {
    AREAS
        .iter()
        .flat_map(|area| cases(area))
        .filter(|stored| stored.case.difference.is_none())
        .map(|stored| (stored.name(), Given::from(&stored.case)))
        .collect()
}

/// Whether Compose is to be asked again about everything.
pub(crate) fn asks() -> bool {
    is_set("SHIPWAY_ASK")
}

fn check(area: &str) {
    let mut cases = cases(area);
    let mut failed = Vec::new();
    for stored in &mut cases {
        let problems = stored.problems();
        if !problems.is_empty() {
            failed.push(format!("== {}\n{}", stored.name(), problems.join("\n")));
        }
    }
    let (open, deliberate): (Vec<&str>, Vec<&str>) = cases
        .iter()
        .filter_map(|stored| stored.case.difference.as_deref())
        .partition(|heading| *heading == OPEN);
    println!(
        "{area}: {} cases, {} deliberately unlike Compose, {} open, {} wrong",
        cases.len(),
        deliberate.len(),
        open.len(),
        failed.len()
    );
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n\n"));
}

#[test]
fn every_area_is_tested_and_the_corpus_is_large() {
    let mut folders = entries(&root());
    folders.sort();
    let names: Vec<String> = folders
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(names, AREAS);
    let count: usize = AREAS.iter().map(|area| cases(area).len()).sum();
    assert!(count >= 300, "{count} cases");
    println!("{count} cases in {} areas", AREAS.len());
}

#[test]
fn every_difference_is_explained_and_every_explanation_shown() {
    let page =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/compose-differences.md");
    let page = std::fs::read_to_string(&page).expect("the page is in the same checkout");
    let mut explained: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(anchor)
        .collect();
    let mut used: Vec<String> = AREAS
        .iter()
        .flat_map(|area| cases(area))
        .filter_map(|stored| stored.case.difference)
        .collect();
    explained.sort();
    used.sort();
    used.dedup();
    assert_eq!(
        used, explained,
        "differences that cases name, and headings of the page"
    );
}

#[test]
fn cases_are_written_as_they_are_read() {
    for stored in AREAS.iter().flat_map(|area| cases(area)) {
        let text = std::fs::read_to_string(&stored.path).expect("it was just read");
        assert_eq!(stored.case.render(), text, "{}", stored.name());
    }
}

/// The name that a heading gets in an address.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// All cases of an area, by name.
fn cases(area: &str) -> Vec<Stored> {
    let mut paths = entries(&root().join(area));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a case is a text");
            let case = Case::parse(&text);
            Stored { path, case }
        })
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a folder of cases has no list beside it"
)]
fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .expect("the corpus is in the same checkout")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "SHIPWAY_BLESS=1 asks for it")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the corpus can be written");
}

#[expect(clippy::disallowed_methods, reason = "how a test is asked to do more")]
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
