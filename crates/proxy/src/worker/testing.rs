//! A worker for tests.

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::files::Files;
use crate::options::Limits;
use crate::table::Table;
use crate::worker::{Shared, Worker};

/// What workers share, without a route.
pub(crate) fn shared() -> Arc<Shared> {
    Arc::new(Shared {
        table: ArcSwap::from_pointee(Table::default()),
        limits: Arc::new(Limits::default()),
        trusted: Vec::new(),
        access: None,
        answers: Arc::default(),
        files: Files::of(1024, 1),
    })
}

/// A worker that routes nothing.
pub(crate) fn worker() -> Rc<Worker> {
    Worker::new(0, shared())
}
