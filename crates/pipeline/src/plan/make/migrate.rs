//! The steps that change the schema, and what a reader of a plan should know about them.

use super::Draft;
use crate::migration::{Basis, Outlook, Run, Turn};
use crate::plan::{Action, Note, Severity, Stage, Step};

impl Draft<'_> {
    /// Before anything starts: what only adds.
    ///
    /// A rollback runs on the schema as it is: old code must live with it, as it did in the bake.
    pub(super) fn expand(&self) -> Option<Step> {
        self.migrate(Turn::Expand, Stage::Preparing)
    }

    /// Once the old release is gone: what takes away what it needed.
    pub(super) fn contract(&self) -> Option<Step> {
        let is_due = self.outlook().is_some_and(Outlook::has_contract);
        is_due.then(|| self.migrate(Turn::Contract, Stage::Finalising))?
    }

    fn migrate(&self, turn: Turn, stage: Stage) -> Option<Step> {
        let migrate = self.facts.config.migrate.as_ref()?;
        if self.facts.kind.is_return() {
            return None;
        }
        let how = &self.facts.environment.migrations;
        let run = self.outlook().map(|outlook| {
            let applies = outlook.of_turn(turn).map(|one| one.name.clone());
            Box::new(Run {
                turn,
                applies: applies.collect(),
                held: match turn {
                    Turn::Expand => outlook.held(),
                    Turn::Contract | Turn::Undo => [].into(),
                },
                undo: Vec::new(),
                lock_timeout: how.lock_timeout,
                statement_timeout: how.statement_timeout,
                retries: how.retries,
            })
        });
        Some(Step {
            stage,
            action: Action::Migrate {
                service: migrate.service.clone(),
                command: migrate.command.clone(),
                run,
            },
            deadline: migrate.timeout,
            makes_live: None,
            resizes: None,
        })
    }

    fn outlook(&self) -> Option<&Outlook> {
        self.facts.around.migrations.as_ref()
    }

    /// What is not known, what is gone afterwards, and from where on there is no way back.
    pub(super) fn migration_notes(&self) -> Vec<Note> {
        let Some(outlook) = self.outlook() else {
            return Vec::new();
        };
        let warning = |text| Note {
            severity: Severity::Warning,
            text,
        };
        let mut notes = Vec::new();
        match &outlook.basis {
            Basis::Live { why } => notes.push(warning(format!(
                "what the database has applied is not known ({why}): the migrations are taken for pending that the \
                 live release does not have"
            ))),
            Basis::Nothing if !outlook.pending.is_empty() => notes.push(Note {
                severity: Severity::Info,
                text: "no code runs and no data is there yet: the migrations are not looked at".to_owned(),
            }),
            Basis::Nothing | Basis::Database => {}
        }
        notes.extend(data_loss(outlook.loses()));
        notes.extend(self.no_return(outlook).map(warning));
        notes
    }

    fn no_return(&self, outlook: &Outlook) -> Option<String> {
        let first = outlook.of_turn(Turn::Contract).next()?;
        let old = &self.facts.live?.release;
        Some(format!(
            "point of no return: once {old} is stopped, `{}` takes away what it needs; from then on it does not \
             come back by itself, nor by `shipway rollback`",
            first.name
        ))
    }
}

/// Says which columns and tables lose their data, if any do.
pub fn data_loss<'a>(loses: impl Iterator<Item = &'a str>) -> Option<Note> {
    let loses: Vec<&str> = loses.collect();
    let loses = (!loses.is_empty()).then(|| loses.join("`, `"))?;
    Some(Note {
        severity: Severity::Warning,
        text: format!(
            "data loss: what `{loses}` holds is gone afterwards, and nothing brings it back but a backup"
        ),
    })
}

#[cfg(test)]
mod tests;
