//! What goes wrong at which call.

use std::sync::Arc;

use tokio::sync::Notify;

use super::call::Call;

/// Something that goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// At which call, from 0, counted from when it was arranged.
    pub at: usize,
    /// Which calls count.
    pub of: Of,
    /// How much of the call is done by then.
    pub moment: Moment,
    /// What becomes of the caller.
    pub then: Then,
}

/// Which calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Those that change the world.
    Effects,
    /// Those that look as well.
    Calls,
}

/// How much of a call is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing.
    Before,
    /// What can be done by halves is: some of the instances.
    Halfway,
    /// Everything, but the caller is not told.
    After,
}

/// What becomes of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It gets an error.
    Fail,
    /// It never hears again. Dropped at this point, it has crashed; left alone, it hangs.
    Stall,
    /// It waits until [`World::open`](super::World::open), and then all is well.
    Gate,
}

/// A fault that waits for its call.
#[derive(Debug, Clone)]
pub(super) struct Arranged {
    pub(super) fault: Fault,
    pub(super) left: usize,
    pub(super) met: bool,
    pub(super) reached: Arc<Notify>,
    pub(super) opened: Arc<Notify>,
}

impl Moment {
    /// All moments.
    pub const ALL: [Self; 3] = [Self::Before, Self::Halfway, Self::After];

    /// How many of `all` things are done.
    pub(super) fn part(self, all: usize) -> usize {
        match self {
            Self::Before => 0,
            Self::Halfway => all / 2,
            Self::After => all,
        }
    }
}

impl Arranged {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            left: fault.at,
            met: false,
            fault,
            reached: Arc::new(Notify::new()),
            opened: Arc::new(Notify::new()),
        }
    }

    /// Whether this is the call that it waits for: once at most.
    pub(super) fn meets(&mut self, call: &Call) -> bool {
        let counts = match self.fault.of {
            Of::Effects => call.is_effect(),
            Of::Calls => true,
        };
        if !counts || self.met {
            return false;
        }
        self.met = self.left == 0;
        self.left = self.left.saturating_sub(1);
        self.met
    }
}
