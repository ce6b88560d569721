//! Calls about routes that are closed for maintenance.

use serde::{Deserialize, Serialize};
use shipway_pipeline::route::{LONGEST_PAGE, Maintenance, Page, RouteKey};

/// Closes a route, or opens it again.
///
/// It needs no lease: it changes nothing about where requests go once it is open, and whoever
/// deploys meanwhile changes nothing about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintain {
    /// The route.
    pub key: RouteKey,
    /// How it is closed; `None` opens it.
    pub closure: Option<Closure>,
}

/// How a route is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Since when, and to whom it is open.
    pub maintenance: Maintenance,
    /// What visitors see; a plain line where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
}

/// What came of closing or opening a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintained {
    /// Whether anything changed.
    pub changed: bool,
}

// === impl Closure ===

impl Closure {
    /// Why it cannot be shown, if so.
    pub(crate) fn problem(&self) -> Option<String> {
        let page = self.page.as_ref()?;
        if page.text.len() > LONGEST_PAGE {
            return Some(format!(
                "the page has {} bytes; {LONGEST_PAGE} are the most",
                page.text.len()
            ));
        }
        let is_header = http::HeaderValue::try_from(&page.kind).is_ok();
        (!is_header).then(|| format!("`{}` is no `Content-Type`", page.kind))
    }
}
