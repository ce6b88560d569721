//! How many answers a worker codes at once: each of them takes memory for as long as its client
//! takes to read it.

use std::cell::Cell;
use std::rc::Rc;

/// The places of a worker.
#[derive(Debug)]
pub(crate) struct Places {
    free: Rc<Cell<usize>>,
}

/// One that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    free: Rc<Cell<usize>>,
}

// === impl Places ===

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: Rc::new(Cell::new(count)),
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&self) -> Option<Place> {
        let left = self.free.get().checked_sub(1)?;
        self.free.set(left);
        Some(Place {
            free: Rc::clone(&self.free),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.free.set(self.free.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_there_again_when_its_holder_is_gone() {
        let places = Places::new(2);
        let (first, second) = (places.take(), places.take());
        assert!(first.is_some() && second.is_some() && places.take().is_none());
        drop(first);
        assert!(places.take().is_some());
    }
}
