//! Projects of the corpus with random changes in the texts of their files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::corpus;
use super::project::Given;

static PROJECTS: LazyLock<Vec<Given>> =
    LazyLock::new(|| corpus::all().into_iter().map(|(_, given)| given).collect());

/// One change of a text. Places are shares of it, because texts differ in length.
#[derive(Debug, Clone)]
enum Change {
    Remove {
        at: f64,
        bytes: usize,
    },
    Repeat {
        at: f64,
        bytes: usize,
        times: usize,
    },
    Insert {
        at: f64,
        text: String,
    },
    /// Exchanges two lines.
    Swap {
        one: f64,
        other: f64,
    },
}

/// A project of the corpus after one to five changes.
pub(crate) fn mutated() -> impl Strategy<Value = Given> {
    let changes = prop::collection::vec((any::<usize>(), change()), 1..=5);
    (0..PROJECTS.len(), changes).prop_map(|(index, changes)| {
        let mut given = PROJECTS[index].clone();
        for (file, change) in changes {
            apply(&mut given.files, file, &change);
        }
        given
    })
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0.0..1.0_f64;
    let words = prop::sample::select(
        &[
            ": ",
            "- ",
            "\n",
            "  ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "'",
            "\"",
            "&a ",
            "*a",
            "!reset ",
            "!override ",
            "<<: ",
            "${",
            "$",
            "}",
            "null",
            "true",
            "0",
            "-1",
            "1e9",
            "#",
            "|",
            ">",
            "extends: ",
            "é",
            "\0",
            "\u{feff}",
            "\t",
            "---\n",
            "x-",
            "=",
            "/",
            "..",
            ":",
            "~",
        ][..],
    );
    let text = prop_oneof![4 => words.prop_map(str::to_owned), 1 => "\\PC{1,5}"];
    prop_oneof![
        (at.clone(), 1_usize..20).prop_map(|(at, bytes)| Change::Remove { at, bytes }),
        (at.clone(), 1_usize..40, 1_usize..4).prop_map(|(at, bytes, times)| Change::Repeat {
            at,
            bytes,
            times
        }),
        (at.clone(), text).prop_map(|(at, text)| Change::Insert { at, text }),
        (at.clone(), at).prop_map(|(one, other)| Change::Swap { one, other }),
    ]
}

fn apply(files: &mut BTreeMap<String, String>, file: usize, change: &Change) {
    let count = files.len().max(1);
    let Some(text) = files.values_mut().nth(file % count) else {
        return;
    };
    match change {
        Change::Remove { at, bytes } => {
            let (from, to) = span(text, *at, *bytes);
            text.replace_range(from..to, "");
        }
        Change::Repeat { at, bytes, times } => {
            let (from, to) = span(text, *at, *bytes);
            let part = text[from..to].repeat(*times);
            text.insert_str(to, &part);
        }
        Change::Insert { at, text: new } => {
            let (from, _) = span(text, *at, 0);
            text.insert_str(from, new);
        }
        Change::Swap { one, other } => {
            let mut lines: Vec<&str> = text.lines().collect();
            let place = |share: f64| (share * lines.len() as f64) as usize;
            let (one, other) = (place(*one), place(*other));
            if one < lines.len() && other < lines.len() {
                lines.swap(one, other);
            }
            *text = lines.join("\n");
        }
    }
}

/// A part of a text, between characters.
fn span(text: &str, at: f64, bytes: usize) -> (usize, usize) {
    let from = text.floor_char_boundary((at * text.len() as f64) as usize);
    let to = text.ceil_char_boundary((from + bytes).min(text.len()));
    (from, to)
}
