//! What is asked of each proxy.

use crate::measure::{Front, HOST, LARGE, Target};

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) is_large: bool,
    pub(super) connections: usize,
    pub(super) is_kept: bool,
    pub(super) is_secure: bool,
}

// === impl Scenario ===

impl Scenario {
    /// All of them, those that matter most first.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for is_secure in [false, true] {
            for is_kept in [true, false] {
                for is_large in [false, true] {
                    all.extend([64, 512].map(|connections| Self {
                        is_large,
                        connections,
                        is_kept,
                        is_secure,
                    }));
                }
            }
        }
        all
    }

    pub(super) fn describe(self) -> String {
        format!(
            "{}, {}, {} connections, {}",
            if self.is_secure { "https" } else { "http" },
            if self.is_large { "64 KiB" } else { "1 KiB" },
            self.connections,
            if self.is_kept {
                "kept"
            } else {
                "one for each request"
            },
        )
    }

    /// The load on a proxy.
    pub(super) fn of(self, front: &Front) -> Target {
        let (scheme, address) = if self.is_secure {
            ("https", front.secure)
        } else {
            ("http", front.plain)
        };
        let port = address.port();
        let path = if self.is_large { LARGE } else { "/" };
        Target {
            url: format!("{scheme}://{HOST}:{port}{path}"),
            connections: self.connections,
            is_kept: self.is_kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_asked_for_once() {
        let all = Scenario::all();
        assert_eq!(all.len(), 16);
        assert!(
            all.iter()
                .all(|one| all.iter().filter(|it| *it == one).count() == 1)
        );
        assert_eq!(all[0].describe(), "http, 1 KiB, 64 connections, kept");
    }
}
