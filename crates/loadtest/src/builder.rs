//! How a load is set up.

use std::io;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use crate::load::{self, Handle};
use crate::plan::Plan;
use crate::template::Template;

/// Sets a load up.
#[derive(Debug, Clone)]
pub struct Builder {
    target: Uri,
    host: Option<HeaderValue>,
    connections: usize,
    threads: usize,
    mix: Vec<(u32, Template)>,
    streams: Vec<(usize, String)>,
    rate: Option<f64>,
    timeout: Duration,
    tally: Option<HeaderName>,
}

/// Why a load could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target is not one that can be loaded.
    #[error("`{0}` is not an `http://` address with a host")]
    Target(Uri),
    /// A path of a request or stream is none.
    #[error("`{0}` is not a path")]
    Path(String),
    /// A thread could not be had.
    #[error("could not start the load")]
    Start(#[source] io::Error),
}

// === impl Builder ===

impl Builder {
    pub(crate) fn new(target: Uri) -> Self {
        Self {
            target,
            host: None,
            connections: 64,
            threads: 1,
            mix: Vec::new(),
            streams: Vec::new(),
            rate: None,
            timeout: Duration::from_secs(30),
            tally: None,
        }
    }

    /// The `Host` header; the target's own by default.
    #[must_use]
    pub fn host(mut self, host: HeaderValue) -> Self {
        self.host = Some(host);
        self
    }

    /// Clients, each with one connection at a time: 64 by default.
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count;
        self
    }

    /// Threads that run the clients: 1 by default, as the load shall not starve what it loads.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = count.max(1);
        self
    }

    /// Adds a kind of request with its share of the mix; `GET /` alone by default.
    #[must_use]
    pub fn request(mut self, share: u32, template: Template) -> Self {
        self.mix.push((share, template));
        self
    }

    /// Adds clients that hold a stream of events open, and open it again when it ends.
    #[must_use]
    pub fn streams(mut self, count: usize, path: impl Into<String>) -> Self {
        self.streams.push((count, path.into()));
        self
    }

    /// Requests per second over all clients; as many as they can by default. What a stall made
    /// late is caught up on.
    #[must_use]
    pub fn rate(mut self, per_second: f64) -> Self {
        self.rate = (per_second > 0.0).then_some(per_second);
        self
    }

    /// How long an answer may take: 30 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Tallies answers by the value of this header, such as `x-release`.
    #[must_use]
    pub fn tally_by(mut self, header: HeaderName) -> Self {
        self.tally = Some(header);
        self
    }

    /// Starts the load. It runs on threads of its own until it is stopped or dropped.
    ///
    /// # Errors
    /// The target or a path is none, or no thread could be had.
    pub fn start(self) -> Result<Handle, Error> {
        let authority = self
            .target
            .authority()
            .filter(|_| self.target.scheme_str() == Some("http"))
            .ok_or_else(|| Error::Target(self.target.clone()))?;
        let host = HeaderValue::from_str(authority.as_str());
        let host = host.map_err(|_| Error::Target(self.target.clone()))?;
        let mut mix = self.mix;
        if mix.iter().all(|(share, _)| *share == 0) {
            mix = vec![(1, Template::get("/"))];
        }
        let paths = mix.iter().map(|(_, template)| template.path(0));
        let streams = self.streams.iter().map(|(_, path)| path.clone());
        for path in paths.chain(streams) {
            if !path.starts_with('/') || path.parse::<Uri>().is_err() {
                return Err(Error::Path(path));
            }
        }
        let plan = Plan {
            address: (
                authority.host().trim_matches(['[', ']']).to_owned(),
                authority.port_u16().unwrap_or(80),
            ),
            host: self.host.unwrap_or(host),
            mix,
            rate: self.rate,
            timeout: self.timeout,
            tally: self.tally,
        };
        load::start(plan, self.connections, self.threads, self.streams)
    }
}
