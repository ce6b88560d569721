//! Commands that are killed at an exact point, or have their supervisors killed there.

use super::Sandbox;
use crate::run::{Ended, Running};

impl Sandbox {
    /// Runs `shipway` so that it kills itself at this point of all that it passes, from 1; where
    /// it passes fewer, it ends as usual.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use = "it may have ended before"]
    pub fn run_dying(&self, point: u64, words: &[&str]) -> Ended {
        self.start_dying(point, words).finish()
    }

    /// As [`Self::run_dying`], in the background.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_dying(&self, point: u64, words: &[&str]) -> Running {
        self.start_with_point("SHIPWAY_CRASH_AT", point, words)
    }

    /// Runs `shipway` so that each supervisor that it starts kills itself at this point of all that
    /// it passes, from 1.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use = "it has an exit code"]
    pub fn run_with_dying_supervisors(&self, point: u64, words: &[&str]) -> Ended {
        let running = self.start_with_point("SHIPWAY_CRASH_SUPERVISORS_AT", point, words);
        running.finish()
    }

    fn start_with_point(&self, variable: &str, point: u64, words: &[&str]) -> Running {
        let place = self.variables.borrow().len();
        self.set_variable(variable, &point.to_string());
        let running = self.start_words("tester", words);
        self.variables.borrow_mut().truncate(place);
        running
    }
}
