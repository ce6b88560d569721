//! The steps that save a database or put another one in its place.

use std::time::Duration;

use super::Draft;
use super::steps::{MARGIN, quick};
use crate::plan::{Action, Incoming, Kind, Note, SWAP_BACK, Severity, Side, Stage, Step, Upkeep};

impl Draft<'_> {
    /// What takes the place of the database, where anything does.
    pub(super) fn incoming(&self) -> Option<Incoming> {
        match self.facts.around.upkeep {
            Upkeep::Replace { incoming, .. } => Some(incoming),
            Upkeep::None | Upkeep::BackUp { .. } | Upkeep::Enough(_) => None,
        }
    }

    /// While everything still runs: the backup is read, the database saved, and the backup restored
    /// beside it.
    pub(super) fn save_database(&self) -> Vec<Step> {
        let slow = |action, deadline| Step {
            stage: Stage::Preparing,
            action,
            deadline,
            makes_live: None,
            resizes: None,
        };
        match &self.facts.around.upkeep {
            Upkeep::None | Upkeep::Enough(_) => Vec::new(),
            // What was live here before cannot change what it left.
            Upkeep::BackUp { .. } if self.facts.kind == Kind::Rollback => Vec::new(),
            Upkeep::BackUp { deadline, .. } => vec![slow(Action::BackUp, *deadline)],
            Upkeep::Replace {
                incoming, deadline, ..
            } => match *incoming {
                Incoming::Backup { backup } => vec![
                    slow(Action::CheckBackup { backup }, *deadline),
                    slow(Action::BackUp, *deadline),
                    slow(Action::RestoreBackup { backup }, *deadline),
                ],
                // Both stay: nothing could be lost.
                Incoming::Kept { .. } => Vec::new(),
            },
        }
    }

    /// While nothing runs that could write.
    pub(super) fn swap_database(&self) -> Option<Step> {
        let incoming = self.incoming()?;
        Some(swap(
            Stage::Switching,
            Action::SwapDatabase { incoming },
            SWAP,
        ))
    }

    /// The way back begins with what leads to it: the new release may have been started.
    pub(super) fn swap_database_back(&self) -> Vec<Step> {
        let Some(incoming) = self.incoming() else {
            return Vec::new();
        };
        let stage = Stage::RollingBack;
        vec![
            Step {
                stage,
                ..self.route(Vec::new(), Vec::new())
            },
            self.drain(Side::Target, None, stage),
            self.stop(Side::Target, None, stage),
            swap(stage, Action::SwapDatabaseBack { incoming }, SWAP_BACK),
        ]
    }

    /// What was restored for nothing goes.
    pub(super) fn drop_restored(&self) -> Option<Step> {
        let is_restored = matches!(self.incoming(), Some(Incoming::Backup { .. }));
        is_restored.then(|| swap(Stage::RollingBack, Action::DropRestored, SWAP))
    }

    pub(super) fn upkeep_notes(&self) -> Vec<Note> {
        let note = |severity, text: &str| Note {
            severity,
            text: text.to_owned(),
        };
        match &self.facts.around.upkeep {
            Upkeep::None => Vec::new(),
            Upkeep::BackUp { note: text, .. } => {
                text.iter().map(|text| note(Severity::Info, text)).collect()
            }
            Upkeep::Enough(text) => vec![note(Severity::Info, text)],
            Upkeep::Replace { note: text, .. } => vec![note(Severity::Warning, text)],
        }
    }
}

/// Renaming takes no time; whoever is connected is waited for.
const SWAP: Duration = MARGIN;

fn swap(stage: Stage, action: Action, deadline: Duration) -> Step {
    Step {
        deadline,
        ..quick(stage, action)
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures;
    use crate::id::{BackupId, DeploymentId};
    use crate::plan::{Around, Facts, Plan, audit, make};
    use crate::strategy::Strategy;

    use super::*;

    fn plan(kind: Kind, upkeep: Upkeep) -> Plan {
        let config = fixtures::config("blue-green");
        let around = Around {
            upkeep,
            ..Around::default()
        };
        make(&Facts {
            deployment: DeploymentId(2),
            kind,
            config: &config,
            environment: &config.environments[0],
            release: &fixtures::release(),
            workload: &fixtures::workload(2),
            live: Some(&fixtures::occupant(2)),
            around: &around,
        })
    }

    fn replace(incoming: Incoming) -> Upkeep {
        Upkeep::Replace {
            incoming,
            deadline: Duration::from_secs(60),
            note: "lost".to_owned(),
        }
    }

    fn at(steps: &[Step], wanted: impl Fn(&Action) -> bool) -> usize {
        let found = steps.iter().position(|step| wanted(&step.action));
        found.expect("there is such a step")
    }

    #[test]
    fn a_database_is_saved_before_it_is_migrated() {
        let backup = Upkeep::BackUp {
            deadline: Duration::from_secs(60),
            note: None,
        };
        let steps = plan(Kind::Deploy, backup.clone()).steps;
        let saved = at(&steps, |action| *action == Action::BackUp);
        assert!(saved < at(&steps, |action| matches!(action, Action::Migrate { .. })));
        let rollback = plan(Kind::Rollback, backup);
        assert!(
            rollback
                .steps
                .iter()
                .all(|step| step.action != Action::BackUp)
        );
    }

    #[test]
    fn a_database_is_replaced_while_nothing_runs_and_so_is_the_way_back() {
        let backup = BackupId(7);
        let plan = plan(Kind::Restore, replace(Incoming::Backup { backup }));
        assert_eq!(plan.strategy, Strategy::Recreate);
        let steps = &plan.steps;
        assert!(
            !steps
                .iter()
                .any(|step| matches!(step.action, Action::Migrate { .. }))
        );
        let restored = at(steps, |action| *action == Action::RestoreBackup { backup });
        // All that takes long happens while everything still runs.
        assert!(restored < plan.revert.touched_from);
        assert_eq!(audit(&plan), []);
        let untouched = plan.revert.untouched.last().unwrap();
        assert_eq!(untouched.action, Action::DropRestored);

        let is_refused = |plan: &Plan| {
            let mut notes = audit(plan).into_iter();
            notes.any(|note| note.text.contains("a database would be replaced"))
        };
        let mut broken = plan.clone();
        let swap = at(steps, |action| {
            matches!(action, Action::SwapDatabase { .. })
        });
        broken.steps.swap(swap, swap - 1);
        assert!(is_refused(&broken));
        let mut broken = plan.clone();
        let back = at(&plan.revert.touched, |action| {
            matches!(action, Action::SwapDatabaseBack { .. })
        });
        broken.revert.touched.remove(back);
        assert!(is_refused(&broken));
    }

    #[test]
    fn what_was_kept_comes_back_without_another_backup() {
        let by = DeploymentId(1);
        let plan = plan(Kind::Restore, replace(Incoming::Kept { by }));
        assert!(plan.steps.iter().all(|step| step.action != Action::BackUp));
        assert!(
            plan.revert
                .untouched
                .iter()
                .all(|step| step.action != Action::DropRestored)
        );
        assert_eq!(audit(&plan), []);
    }
}
