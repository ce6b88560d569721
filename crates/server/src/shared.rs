//! What all calls share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use shipway_pipeline::id::TokenId;
use shipway_store::Store;

use crate::limit::Limit;
use crate::metrics::Metrics;
use crate::observed::Seen;
use crate::options::Options;
use crate::problem::Problem;
use crate::project::ProjectFile;

/// A person's script that polls every half second is far below; a loop without a pause is not.
const CALLS: (u32, f64) = (100, 20.0);

/// Wrong credentials that are answered and recorded for each address. Beyond they are only
/// answered: the audit trail is for people to read.
const FAILURES: (u32, f64) = (20, 0.2);

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) project: ProjectFile,
    pub(crate) seen: Arc<Seen>,
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    pub(crate) calls: Mutex<Limit<TokenId>>,
    pub(crate) failures: Mutex<Limit<IpAddr>>,
}

pub(crate) type State = axum::extract::State<Arc<Shared>>;

// === impl Shared ===

impl Shared {
    pub(crate) fn new(options: &Options) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&options.store),
            project: ProjectFile::new(options.directory.clone()),
            seen: Seen::new(Arc::clone(&options.observe)),
            metrics: Metrics::default(),
            started: Instant::now(),
            calls: Mutex::new(Limit::new(CALLS.0, CALLS.1)),
            failures: Mutex::new(Limit::new(FAILURES.0, FAILURES.1)),
        })
    }

    /// Asks the store, on a thread that may wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || question(&store))
            .await
            .map_err(|error| Problem::inside(&error))?
    }
}
