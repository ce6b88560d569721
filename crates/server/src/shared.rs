//! What all calls share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use shipway_engine::project::Project;
use shipway_pipeline::id::{RequestId, TokenId};
use shipway_store::Store;
use tokio::sync::{Notify, Semaphore, watch};

use crate::hook::{HookSecret, Provider};
use crate::limit::Limit;
use crate::metrics::Metrics;
use crate::observed::Seen;
use crate::options::{FindHookSecret, Options};
use crate::problem::Problem;
use crate::project::ProjectFile;
use crate::queue::Runs;

/// A person's script that polls every half second is far below; a loop without a pause is not.
const CALLS: (u32, f64) = (100, 20.0);

/// Wrong credentials that are answered and recorded for each address. Beyond they are only
/// answered: the audit trail is for people to read.
const FAILURES: (u32, f64) = (20, 0.2);

/// Bodies of webhooks that are in memory at once, at 25 MiB each at most.
const BODIES: usize = 8;

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) project: ProjectFile,
    pub(crate) seen: Arc<Seen>,
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    /// Becomes true when the daemon is to end.
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) hooks: BTreeMap<Provider, HookSecret>,
    pub(crate) find_hook_secret: FindHookSecret,
    pub(crate) bodies: Semaphore,
    pub(crate) runs: Arc<Runs>,
    /// Has the queue look at once.
    pub(crate) nudge: Notify,
    /// Requests that the daemon made: nobody else is about to carry them out.
    claimed: Mutex<BTreeSet<RequestId>>,
    pub(crate) calls: Mutex<Limit<TokenId>>,
    pub(crate) failures: Mutex<Limit<IpAddr>>,
}

pub(crate) type State = axum::extract::State<Arc<Shared>>;

// === impl Shared ===

impl Shared {
    pub(crate) fn new(options: &Options, closing: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&options.store),
            project: ProjectFile::new(options.directory.clone()),
            seen: Seen::new(Arc::clone(&options.observe)),
            metrics: Metrics::default(),
            started: Instant::now(),
            closing,
            hooks: options.hooks.clone(),
            find_hook_secret: Arc::clone(&options.find_hook_secret),
            bodies: Semaphore::new(BODIES),
            runs: Arc::new(Runs::new(options.store.directory())),
            nudge: Notify::new(),
            claimed: Mutex::default(),
            calls: Mutex::new(Limit::new(CALLS.0, CALLS.1)),
            failures: Mutex::new(Limit::new(FAILURES.0, FAILURES.1)),
        })
    }

    /// The project as `shipway.yml` says now, with the environments that branches have.
    pub(crate) async fn current_project(&self) -> Result<Arc<Project>, Problem> {
        let branches = self.ask(|store| Ok(store.branch_environments()?)).await?;
        let project = self.project.get(branches);
        project.map_err(|error| {
            let hint = "`shipway validate` says what is wrong with shipway.yml";
            Problem::inside(&error).hint(hint)
        })
    }

    /// Has the queue begin with a request that the daemon made.
    pub(crate) fn claim(&self, id: RequestId) {
        let claimed = self.claimed.lock();
        claimed.unwrap_or_else(PoisonError::into_inner).insert(id);
        self.nudge.notify_one();
    }

    /// The requests that were claimed since this was asked last.
    pub(crate) fn take_claimed(&self) -> BTreeSet<RequestId> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *claimed)
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
