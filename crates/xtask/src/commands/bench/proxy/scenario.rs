//! What is asked of each proxy.

use crate::measure::{Front, HOST, LARGE, Target};

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) is_large: bool,
    pub(super) connections: usize,
    pub(super) is_kept: bool,
    pub(super) is_secure: bool,
    /// Requests for each second, far from what any contender can: then the time of a request is
    /// what the proxy adds, and not how long it waits for a processor.
    pub(super) pace: Option<u32>,
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
                        pace: None,
                    }));
                }
            }
        }
        for (is_kept, pace) in [(true, 4000), (false, 1000)] {
            all.extend([64, 512].map(|connections| Self {
                is_large: false,
                connections,
                is_kept,
                is_secure: false,
                pace: Some(pace),
            }));
        }
        all
    }

    pub(super) fn describe(self) -> String {
        format!(
            "{}, {}, {} connections, {}{}",
            if self.is_secure { "https" } else { "http" },
            if self.is_large { "64 KiB" } else { "1 KiB" },
            self.connections,
            if self.is_kept {
                "kept"
            } else {
                "one for each request"
            },
            self.pace
                .map_or_else(String::new, |pace| format!(", {pace} requests a second")),
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
            pace: self.pace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_asked_for_once() {
        let all = Scenario::all();
        assert_eq!(all.len(), 20);
        assert!(
            all.iter()
                .all(|one| all.iter().filter(|it| *it == one).count() == 1)
        );
        assert_eq!(all[0].describe(), "http, 1 KiB, 64 connections, kept");
        assert_eq!(
            all[19].describe(),
            "http, 1 KiB, 512 connections, one for each request, 1000 requests a second"
        );
    }
}
