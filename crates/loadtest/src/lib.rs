//! Load generator: constant traffic that counts every request.
//!
//! Clients send in a closed loop, each the next request when it has the answer
//! to the last, and behave as good clients do: they notice a connection that
//! was closed while idle, and never send a request twice. Whatever has no
//! whole answer is counted as lost, with its cause.
//!
//! ```no_run
//! # async fn example() -> Result<(), shipway_loadtest::Error> {
//! use shipway_loadtest::{Load, Template};
//!
//! let load = Load::builder("http://127.0.0.1:8080".parse().expect("an address"))
//!     .request(3, Template::get("/"))
//!     .request(1, Template::post("/orders", r#"{"order": {n}}"#))
//!     .tally_by(http::HeaderName::from_static("x-release"))
//!     .start()?;
//! load.mark("v2");
//! // … deploy v2 …
//! let report = load.stop().await;
//! assert_eq!(report.total.lost(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! Times are counted from the start of the load, so that a checker can set
//! them against its own: a request that was *sent* after a switch was
//! acknowledged and answered by the old release shows in [`Seen::last_sent`].

mod builder;
mod client;
mod counts;
mod load;
mod plan;
mod recorder;
mod report;
mod stream;
mod template;

pub use builder::{Builder, Error};
pub use counts::{Cause, Counts, Seen, Streams};
pub use load::{Handle, Load};
pub use report::{Report, Segment};
pub use template::{Body, Template};
