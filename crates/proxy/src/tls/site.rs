//! The names of one address, as its workers see them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use super::names::Names;

/// Which certificate answers for which name at an address; swapped when one has changed, so that
/// connections that there are keep theirs.
#[derive(Debug, Default)]
pub(crate) struct Site {
    names: ArcSwap<Names<Arc<ServerConfig>>>,
}

// === impl Site ===

impl Site {
    pub(super) fn swap(&self, names: Names<Arc<ServerConfig>>) {
        self.names.store(Arc::new(names));
    }

    /// What a handshake goes on with for a name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<ServerConfig>> {
        self.names.load().find(name).map(Arc::clone)
    }
}
