//! A worker for tests.

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::files::Files;
use crate::options::Limits;
use crate::table::Table;
use crate::worker::{Shared, Worker};

/// A worker that routes nothing.
pub(crate) fn worker() -> Rc<Worker> {
    let shared = Shared {
        table: ArcSwap::from_pointee(Table::default()),
        limits: Arc::new(Limits::default()),
        trusted: Vec::new(),
        access: None,
        answers: Arc::default(),
        files: Files::of(1024, 1),
    };
    Worker::new(0, Arc::new(shared))
}
