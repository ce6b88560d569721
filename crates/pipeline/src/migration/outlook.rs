//! What is pending, and what is to be said about it before it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipway_migrations::{self as checker, File, Schedule, Severity};

use super::Turn;

/// What becomes of the database's migrations with a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// How it is known what is applied.
    pub basis: Basis,
    /// What the release has and the database does not, in the order in which it is applied.
    pub pending: Vec<Pending>,
    /// What the database has and the release does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What is found in the pending ones.
    pub remarks: Vec<Remark>,
    /// What cannot be done in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// How it is known what is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "basis")]
pub enum Basis {
    /// The database says so.
    Database,
    /// It cannot be asked: what the live release has is taken to be applied.
    Live {
        /// Why.
        why: String,
    },
    /// Nothing is live, and the database cannot be asked or is empty: nothing is there that could
    /// break.
    Nothing,
}

/// A migration that is not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// `app.name` for Django, the path for SQL.
    pub name: String,
    /// Its file.
    pub file: String,
    /// When it runs.
    pub turn: Turn,
    /// The columns and tables whose data is gone afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// Whether it cannot be taken back.
    pub is_irreversible: bool,
    /// Whether it is one transaction.
    pub is_atomic: bool,
}

/// What is found in a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The rule.
    pub rule: String,
    /// How serious it is: the rule's word for it.
    pub severity: String,
    /// `file:line:column`.
    pub place: String,
    /// What is done, and to what.
    pub message: String,
    /// The reason that the file gives for leaving it like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
    /// Whether it is taken care of by the time at which the migration runs.
    pub is_settled: bool,
    /// Whether nothing is deployed because of it.
    pub refuses: bool,
}

/// A migration that the new release needs and that would have to wait for the end of the old one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// What is needed.
    pub needed: String,
    /// What it comes after, and what waits.
    pub waits: String,
}

// === impl Outlook ===

impl Outlook {
    /// What a schedule of some files means to a deployment.
    pub fn of(basis: Basis, files: &[File], schedule: &Schedule, unknown: Vec<String>) -> Self {
        let checked = &schedule.report.checked;
        let name = |number: usize| {
            let found = checked.get(number);
            found.map_or_else(String::new, |one| one.name.clone())
        };
        let pending = checked.iter().zip(&schedule.turns);
        Self {
            basis,
            unknown,
            pending: pending
                .map(|(one, turn)| Pending {
                    name: one.name.clone(),
                    file: path(files, one.file),
                    turn: match turn {
                        checker::Turn::Before => Turn::Expand,
                        checker::Turn::After => Turn::Contract,
                    },
                    loses: one.effect.loses.clone(),
                    is_irreversible: one.effect.irreversible.is_some(),
                    is_atomic: one.effect.is_atomic,
                })
                .collect(),
            remarks: schedule
                .report
                .findings
                .iter()
                .filter(|finding| finding.severity > Severity::Info)
                .map(|finding| remark(files, schedule, finding))
                .collect(),
            conflicts: schedule
                .conflicts
                .iter()
                .map(|conflict| Conflict {
                    needed: name(conflict.needed),
                    waits: name(conflict.waits),
                })
                .collect(),
        }
    }

    /// Whether nothing may be deployed with it.
    pub fn is_refused(&self) -> bool {
        !self.conflicts.is_empty() || self.remarks.iter().any(|remark| remark.refuses)
    }

    /// Those that run at a time, in their order.
    pub fn of_turn(&self, turn: Turn) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(move |one| one.turn == turn)
    }

    /// Whether some wait until the old release is gone.
    pub fn has_contract(&self) -> bool {
        self.of_turn(Turn::Contract).next().is_some()
    }

    /// The columns and tables whose data is gone once all of it ran.
    pub fn loses(&self) -> impl Iterator<Item = &str> {
        let all = self.pending.iter().flat_map(|one| &one.loses);
        all.map(String::as_str)
    }

    /// Apps that are not brought up to their last migration before the old release is gone, each
    /// with the one to stop at.
    pub fn held(&self) -> BTreeMap<String, Option<String>> {
        let mut held: BTreeMap<String, Option<String>> = BTreeMap::new();
        let named = |turn| {
            let of_turn = self.of_turn(turn);
            of_turn.filter_map(|one| one.name.split_once('.'))
        };
        for (app, _) in named(Turn::Contract) {
            held.insert(app.to_owned(), None);
        }
        for (app, name) in named(Turn::Expand) {
            if let Some(last) = held.get_mut(app) {
                *last = Some(name.to_owned());
            }
        }
        held
    }
}

fn remark(files: &[File], schedule: &Schedule, finding: &checker::Finding) -> Remark {
    let (line, column) = finding.line_and_column(files);
    Remark {
        rule: finding.rule.id.to_owned(),
        severity: finding.severity.as_str().to_owned(),
        place: format!("{}:{line}:{column}", path(files, finding.file)),
        message: finding.message.clone(),
        waived: finding.waived.clone(),
        is_settled: schedule.settles(finding),
        refuses: schedule.refuses(finding),
    }
}

fn path(files: &[File], number: usize) -> String {
    let found = files.get(number);
    found.map_or_else(String::new, |file| file.path.clone())
}
