//! What a plan says beside its steps: the health question, and what a reader should know.

use super::Draft;
use crate::plan::{Note, Probe, Severity};
use crate::strategy::Strategy;

impl Draft<'_> {
    pub(super) fn probe(&self) -> Option<Probe> {
        let environment = self.facts.environment;
        let health = &environment.health;
        let host = health.host.clone();
        // A pattern such as `*.example.org` is no name to ask for.
        let named = environment
            .route
            .hosts
            .iter()
            .find(|host| !host.starts_with('*'));
        Some(Probe {
            path: health.path.clone()?,
            host: host
                .or_else(|| named.cloned())
                .unwrap_or_else(|| "localhost".to_owned()),
            interval: health.interval,
            timeout: health.timeout,
        })
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self
            .facts
            .workload
            .left_out
            .iter()
            .map(|service| Note {
                severity: Severity::Info,
                text: format!("service `{service}` has no `x-shipway.process` and is not run"),
            })
            .collect();
        if self.facts.environment.strategy == Strategy::Recreate && self.facts.live.is_some() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "requests wait at the proxy while the release is replaced, each for 30 s at most".to_owned(),
            });
        }
        if self
            .facts
            .live
            .is_some_and(|live| live.release == *self.facts.release)
        {
            notes.push(Note {
                severity: Severity::Info,
                text: format!("release {} is live already", self.facts.release),
            });
        }
        if self.facts.environment.bake.duration.is_zero() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "`bake.duration` is 0: the release is not judged after the switch".to_owned(),
            });
        }
        notes
    }
}
