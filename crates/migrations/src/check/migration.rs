//! A migration of either language.

use std::ops::Range;

use crate::change::{Step, Transaction};
use crate::django::Key;
use crate::finding::Finding;
use crate::rules;
use crate::settings::Settings;

/// What a migration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Django,
    Sql,
}

/// A migration of either language.
#[derive(Debug)]
pub(crate) struct Migration {
    /// The number of its file.
    pub(crate) file: usize,
    pub(crate) name: String,
    /// What Django calls it; `None` for SQL.
    pub(crate) key: Option<Key>,
    /// The migrations that this one stands for.
    pub(crate) replaces: Vec<Key>,
    /// The files of the migrations that it comes after.
    pub(crate) parents: Vec<usize>,
    pub(crate) language: Language,
    pub(crate) is_checked: bool,
    pub(crate) transaction: Transaction,
    pub(crate) steps: Vec<Step>,
    /// Where the migration as a whole is pointed at.
    pub(crate) range: Range<usize>,
    pub(crate) model_imports: Vec<Range<usize>>,
    /// What is wrong with its place among the others.
    pub(crate) graph: Vec<String>,
}

// === impl Migration ===

impl Migration {
    /// Findings about the migration as a whole.
    pub(super) fn troubles(&self, is_edited: bool, settings: &Settings) -> Vec<Finding> {
        let at = |range: &Range<usize>, problem| {
            rules::finding(problem, self.file, range.clone(), settings)
        };
        let graph = self
            .graph
            .iter()
            .map(|message| at(&self.range, rules::graph(message)));
        let imports = self
            .model_imports
            .iter()
            .filter(|_| self.runs_code())
            .map(|range| at(range, rules::model_import()));
        let edited = is_edited.then(|| {
            let message = format!("`{}` was changed after it was applied", self.name);
            at(&self.range, rules::graph(&message))
        });
        if self.is_checked {
            graph.chain(imports).chain(edited).collect()
        } else {
            edited.into_iter().collect()
        }
    }

    fn runs_code(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.change == crate::change::Change::Code)
    }
}
