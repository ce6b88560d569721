//! The secret that a git server and the daemon share.

use std::fmt;

/// The secret that a git server and the daemon share. Prints as `********`.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Vec<u8>);

// === impl HookSecret ===

impl HookSecret {
    /// A secret; `None` for an empty one, with which everybody could sign.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        (!text.is_empty()).then(|| Self(text.as_bytes().to_vec()))
    }

    pub(super) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}
