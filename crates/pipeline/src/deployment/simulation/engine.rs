//! An engine: what it remembers, and what it leaves on the disk.

use super::task::Task;
use crate::deployment::{Effect, Event, State, Transition, step};
use crate::id::Epoch;
use crate::journal::Entry;
use crate::plan::Plan;
use crate::time::Timestamp;

/// What survives an engine.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) journal: Vec<Entry>,
    /// As it is stored.
    state: String,
}

/// What dies with it.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) epoch: Epoch,
    pub(super) state: State,
    pub(super) task: Option<Task>,
    /// Calls before this one have no answer that anybody waits for.
    pub(super) awaited: u64,
    /// The effect that is being performed: its deadline counts for no other.
    pub(super) effect: u64,
    pub(super) in_doubt: bool,
}

// === impl Disk ===

impl Disk {
    pub(super) fn state(&self) -> State {
        serde_json::from_str(&self.state).expect("it was written by us")
    }

    /// Whether the last intent is what the state asks for: recovery reads the one, people the
    /// other.
    pub(super) fn is_consistent(&self, plan: &Plan) -> bool {
        let last = self.journal.iter().rev().find_map(|entry| match entry {
            Entry::Intent { step } => Some(step),
            _ => None,
        });
        let state = self.state();
        state.is_finished() || last == state.current(plan)
    }
}

// === impl Engine ===

impl Engine {
    pub(super) fn new(epoch: Epoch, state: State) -> Self {
        Self {
            epoch,
            state,
            task: None,
            awaited: 0,
            effect: 0,
            in_doubt: false,
        }
    }

    /// Decides, stores the state with the intent, and takes up what follows. Whether a new effect
    /// is to be performed.
    pub(super) fn decide(
        &mut self,
        plan: &Plan,
        disk: &mut Disk,
        event: Event,
        now: Timestamp,
    ) -> bool {
        let is_abort = matches!(event, Event::AbortRequested { .. });
        let before = self.state.clone();
        let Transition { state, effects } = step(plan, &before, event, now);
        let wanted = effects.into_iter().find_map(|effect| match effect {
            Effect::Perform(step) | Effect::Look(step) => Some(step),
            Effect::Interrupt | Effect::Release => None,
        });
        if let Some(step) = &wanted {
            disk.journal.push(Entry::Intent { step: step.clone() });
        }
        disk.state = serde_json::to_string(&state).expect("a state has only text keys");
        let is_unheeded = is_abort && state == before;
        self.state = state;
        if is_unheeded {
            return false;
        }
        self.task = wanted.map(|step| Task::begin(plan, &step));
        self.effect += 1;
        self.task.is_some()
    }
}
