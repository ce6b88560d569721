//! What the daemon is told at its start.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use shipway_engine::project::Project;
use shipway_engine::status::EnvironmentStatus;
use shipway_store::Store;

use crate::hook::{HookSecret, Provider};

/// What was seen of the environments, or why nothing could be seen.
pub type Observed = Result<Vec<EnvironmentStatus>, String>;

/// Looks at what runs in every environment.
pub type Observe = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Observed> + Send>> + Send + Sync>;

/// What did not arrive, in a line each, or why nothing could be sent.
pub type Told = Result<Vec<String>, String>;

/// Sends what is to be told, as far as it is due.
pub type Tell = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Told> + Send>> + Send + Sync>;

/// Finds the secret of a git server among those that the project keeps; `None` where there is none.
pub type FindHookSecret =
    Arc<dyn Fn(&Project, Provider) -> Result<Option<HookSecret>, String> + Send + Sync>;

/// What the daemon is told at its start.
pub struct Options {
    /// The project's folder.
    pub directory: PathBuf,
    /// The state.
    pub store: Arc<Store>,
    /// Looks at what runs.
    pub observe: Observe,
    /// Sends what is to be told.
    pub tell: Tell,
    /// Where it listens on TCP, beside the socket in the state directory.
    pub listen: Vec<SocketAddr>,
    /// By which certificate; without one only this machine is listened to.
    pub tls: Option<Tls>,
    /// Other machines are listened to without TLS, as behind a proxy that has it.
    pub insecure_http: bool,
    /// The secrets of git servers whose webhooks are taken, where they were given at the start.
    pub hooks: BTreeMap<Provider, HookSecret>,
    /// Finds the others, with each delivery: they may be set and changed while the daemon runs.
    pub find_hook_secret: FindHookSecret,
    /// What carries requests out.
    pub carrier: Carrier,
    /// So many requests are carried out at once, over all environments.
    pub parallel: usize,
    /// How often the project's remote is looked at for pushes; never where it is not given.
    pub poll: Option<Duration>,
}

/// The command that carries a request out, up to the words `carry-out q7 --events`.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// The program.
    pub program: PathBuf,
    /// Words before those.
    pub arguments: Vec<OsString>,
}

/// Files of a certificate.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

// === impl Options ===

impl Options {
    /// The unix socket of the daemon of a state directory.
    pub fn socket(state: &Path) -> PathBuf {
        state.join("serve.sock")
    }

    /// Held for as long as a daemon runs on a state directory.
    pub(crate) fn lock_in(state: &Path) -> PathBuf {
        state.join("serve.lock")
    }
}
