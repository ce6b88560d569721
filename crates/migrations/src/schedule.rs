//! When each migration of a release runs: before its code takes over, or once the old code is gone.
//!
//! What takes something away that running code needs waits, and so does what comes after it. What
//! the new code needs cannot wait: where it comes after something that has to, there is no order
//! in which both releases work, and that is a [`Conflict`].

use std::collections::BTreeSet;

use crate::check::{Checked, Report, Request, check};
use crate::finding::Finding;
use crate::settings::Severity;

/// Migrations that were checked, and when each runs.
#[derive(Debug)]
pub struct Schedule {
    /// What was found.
    pub report: Report,
    /// When each of [`Report::checked`] runs.
    pub turns: Vec<Turn>,
    /// What cannot be done in any order.
    pub conflicts: Vec<Conflict>,
}

/// When a migration runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Before the new code takes over.
    Before,
    /// Once the old code is gone.
    After,
}

/// A migration that the new code needs, and that would have to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The number of the needed one among [`Report::checked`].
    pub needed: usize,
    /// The number of the one that it comes after and that waits; the same where one migration does
    /// both.
    pub waits: usize,
}

/// Checks migrations and decides when each runs.
///
/// `can_wait` says whether some can be run later than others, once the old code is gone.
#[must_use]
pub fn schedule(request: &Request<'_>, can_wait: bool) -> Schedule {
    let report = check(request);
    if !can_wait {
        return Schedule {
            turns: vec![Turn::Before; report.checked.len()],
            conflicts: Vec::new(),
            report,
        };
    }
    let waiting: BTreeSet<usize> = report
        .findings
        .iter()
        .filter(|finding| finding.can_wait && finding.waived.is_none())
        .map(|finding| finding.file)
        .collect();
    let mut turns = Vec::with_capacity(report.checked.len());
    let mut conflicts = Vec::new();
    for (number, checked) in report.checked.iter().enumerate() {
        let cause = cause(&report.checked, &turns, checked);
        let waits = waiting.contains(&checked.file).then_some(number).or(cause);
        let is_needed = checked.effect.is_needed;
        if let Some(waits) = waits.filter(|_| is_needed) {
            conflicts.push(Conflict {
                needed: number,
                waits,
            });
        }
        turns.push(waits.map_or(Turn::Before, |_| Turn::After));
    }
    Schedule {
        report,
        turns,
        conflicts,
    }
}

/// The migration that waits and that this one comes after.
fn cause(all: &[Checked], turns: &[Turn], one: &Checked) -> Option<usize> {
    let before = all.iter().zip(turns).enumerate();
    let mut waiting = before
        .filter(|(_, (other, turn))| **turn == Turn::After && one.after.contains(&other.file));
    waiting.next().map(|(number, _)| number)
}

// === impl Schedule ===

impl Schedule {
    /// Whether nothing stands against running them like this.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.conflicts.is_empty() && !self.report.findings.iter().any(|one| self.refuses(one))
    }

    /// Whether a finding is a reason not to run the migrations.
    #[must_use]
    pub fn refuses(&self, finding: &Finding) -> bool {
        finding.severity == Severity::Error && finding.waived.is_none() && !self.settles(finding)
    }

    /// Whether the order in which they run takes care of a finding.
    #[must_use]
    pub fn settles(&self, finding: &Finding) -> bool {
        finding.can_wait && self.turn(finding.file) == Some(Turn::After)
    }

    /// The migrations that run at a time, in their order.
    pub fn of(&self, turn: Turn) -> impl Iterator<Item = &Checked> {
        let all = self.report.checked.iter().zip(&self.turns);
        all.filter(move |(_, at)| **at == turn).map(|(one, _)| one)
    }

    fn turn(&self, file: usize) -> Option<Turn> {
        let mut all = self.report.checked.iter().zip(&self.turns);
        all.find(|(one, _)| one.file == file).map(|(_, turn)| *turn)
    }
}
