//! The constant load on one environment.

use http::HeaderName;
use shipway_loadtest::{Counts, Handle, Load, Template};

use crate::error::{CliError, Kind, Result};

/// Requests per second: what a small machine serves while it starts another release.
const RATE: f64 = 100.0;
/// Clients that keep a stream of events open.
const STREAMS: usize = 4;

/// Answers that the proxy gives when it has none of an instance.
const PROXY_ERRORS: [u16; 3] = [502, 503, 504];

/// Starts the load: pages and orders, on connections that are kept and on fresh ones, and streams.
pub(super) fn start(port: u16, name: &str, connections: usize) -> Result<Handle> {
    let target = format!("http://127.0.0.1:{port}")
        .parse()
        .map_err(|error| CliError::new(Kind::Failed, error))?;
    // Unique over all loads: the shop makes one order of each key.
    let order = format!(
        r#"{{"idempotency_key": "{name}-{}-{{n}}", "email": "demo@example.org", "items": [{{"product": 1, "quantity": 1}}]}}"#,
        shipway_engine::clock::now().0
    );
    Load::builder(target)
        .connections(connections)
        .rate(RATE)
        .request(5, Template::get("/api/products/"))
        .request(2, Template::get("/"))
        .request(1, Template::get("/api/products/").closing())
        .request(2, Template::post("/api/orders/", &order))
        .request(
            1,
            Template::post("/api/orders/", order.replace("{n}", "close-{n}")).closing(),
        )
        .streams(STREAMS, "/stream/?seconds=2&interval=0.2")
        .tally_by(HeaderName::from_static("x-release"))
        .start()
        .map_err(|error| CliError::of(Kind::Failed, &error))
}

/// Requests that have no whole answer, or one that says that nobody could answer, and streams
/// that broke off.
pub(super) fn lost(counts: &Counts) -> u64 {
    let refused: u64 = PROXY_ERRORS
        .iter()
        .filter_map(|status| counts.answered.get(status))
        .sum();
    counts.lost() + refused + counts.streams.broken + counts.streams.refused
}
