//! What must hold, after each thing that happens and at the end.

use super::{HOUR, Run};
use crate::deployment::{Event, Outcome, State, step};
use crate::time::Timestamp;

impl Run<'_> {
    pub(super) fn violated(&mut self, what: &str) {
        self.life.violations.push(what.to_owned());
    }

    /// Before the step that may touch it, what was there is as it was.
    pub(super) fn check_untouched(&mut self) {
        let is_untouched = match &self.engine {
            Some(engine) => match &engine.state {
                State::Queued => true,
                State::Advancing { step } | State::Baking { step, .. } => {
                    *step < self.plan.revert.touched_from
                }
                State::Reverting { .. } | State::Finished { .. } => false,
            },
            None => false,
        };
        if is_untouched && !self.world.is_old() {
            self.violated("the old release was touched before its time");
        }
    }

    /// Recovering once more, or hearing what comes too late, changes nothing.
    pub(super) fn check_recovery(&mut self, now: Timestamp) {
        let state = self.disk.state();
        if matches!(state, State::Queued) {
            return;
        }
        let once = step(self.plan, &state, Event::Recovered, now);
        let twice = step(self.plan, &once.state, Event::Recovered, now);
        if once != twice || once.state != state {
            self.violated("recovering is not the same a second time");
        }
        if state.is_finished() {
            let late = step(self.plan, &state, Event::Done, now);
            if late.state != state || !late.effects.is_empty() {
                self.violated("a finished deployment went on");
            }
        }
    }

    pub(super) fn check_end(&mut self) {
        let Some(outcome) = self.life.outcome else {
            self.violated("it has no outcome");
            return;
        };
        if self.world.is_held(self.now + HOUR) {
            self.violated("requests would wait for ever");
        }
        let is_whole = match outcome {
            Outcome::Succeeded => self.world.is_new(),
            Outcome::RollbackFailed => self.faults_in_way_back > 0,
            Outcome::RolledBack | Outcome::Failed | Outcome::Cancelled | Outcome::Superseded => {
                self.world.is_old()
            }
        };
        if !is_whole {
            let all: Vec<_> = self.world.running().collect();
            let text = format!(
                "{outcome}, but it is neither old nor new: routed {:?}, running {all:?}",
                self.world.routed()
            );
            self.violated(&text);
        }
        let is_unwanted = |key: &&(bool, _)| key.0 != (outcome == Outcome::Succeeded);
        let left = self.world.running().filter(is_unwanted).count();
        if left > 0 && self.life.lost == 0 && outcome != Outcome::RollbackFailed {
            self.violated(&format!("{left} instances are left over after {outcome}"));
        }
        if self.world.broken && outcome == Outcome::Succeeded {
            self.violated("a release that was never healthy is live");
        }
    }
}
