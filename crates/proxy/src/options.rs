//! How a proxy is set up: where its files are, whom it trusts, what it bears.

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_pipeline::cidr::Cidr;

use crate::access::AccessLog;

/// What [`run`](crate::run) needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The proxy's own directory, created with mode 0700; see [`Paths`].
    pub dir: PathBuf,
    /// Worker threads, each with listeners and upstream connections of its own; a core each by
    /// default.
    pub workers: Option<NonZeroUsize>,
    /// The arguments with which the program is started once more to take over from this process,
    /// as a rule its own; see [`control::Client::hand_over`](crate::control::Client::hand_over).
    pub arguments: Vec<OsString>,
    /// Peers whose `X-Forwarded-*` and `Forwarded` headers are believed; none by default.
    pub trusted: Vec<Cidr>,
    /// Where requests are written down; nowhere by default.
    pub access_log: Option<AccessLog>,
    /// Bounds of sizes and times.
    pub limits: Limits,
}

/// Bounds of sizes and times.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Request line and headers; more is answered 431. 64 KiB: twice what browsers and
    /// identity providers are seen to send.
    pub header_bytes: usize,
    /// How many requests one connection with HTTP/2 may have in hand at once: 100, as browsers
    /// expect; more wait at the client.
    pub streams: u32,
    /// For the whole of a TLS handshake; then the connection is closed. 10 s: two round trips, of
    /// which the slowest networks need a second each.
    pub handshake: Duration,
    /// Between two looks whether certificates have changed on the disk: 10 s. A look costs two
    /// calls of the system for each.
    pub certificates: Duration,
    /// After an authority did not issue a certificate, how long it is not asked again the first
    /// time: a minute.
    pub issue_again: Duration,
    /// From a request's first byte to the end of its headers; then the connection is closed.
    /// 30 s, against clients that send a byte at a time.
    pub header_read: Duration,
    /// How long a client's idle connection is kept: 75 s, longer than common load balancers
    /// in front keep theirs (60 s), so that they close first.
    pub keep_alive: Duration,
    /// The same while others wait because as many clients are connected as may be: 5 s, in which
    /// a visitor has asked for all of a page.
    pub crowded_keep_alive: Duration,
    /// After what time an idle connection of a client with HTTP/1 gives its buffers back: 1 s, so
    /// that one on which requests follow each other never does.
    pub rest: Duration,
    /// How long a client may stall while it sends a body or takes one: 60 s.
    pub body_idle: Duration,
    /// How long an upstream may be silent within a response body: an hour, for event streams
    /// without heartbeats.
    pub stream_idle: Duration,
    /// Time for a connection to an instance: 2 s. Instances are near; more means it is gone.
    pub connect: Duration,
    /// From the end of a request to its response head; then 504. 60 s, as other proxies do.
    pub response_head: Duration,
    /// After what time a response of unknown length counts as a stream in the drain: 1 s.
    pub streaming_after: Duration,
    /// How many answers a worker compresses at once: 64, so that those who do not read theirs take
    /// 140 MiB of it at most. More are sent as they are.
    pub compressed: usize,
    /// How many requests may wait while their route is held: 10,000; more get a 503.
    pub held_requests: usize,
    /// How long a hold may last and a request may wait in it: 30 s, below clients' patience.
    pub hold: Duration,
    /// Idle connections kept to one instance by one worker: 1024; bursts go beyond it at the
    /// price of new connections only.
    pub idle_per_instance: usize,
    /// How long an idle connection to an instance is kept when the instance says nothing: 15 s.
    pub upstream_idle: Duration,
    /// How long an instance is passed over after connections to it failed: 2 s.
    pub ejection: Duration,
    /// At shutdown, how long idle connections stay open after the listeners closed, answering
    /// with `Connection: close`: 2 s. Closing at once would cut requests on their way.
    pub lame_duck: Duration,
    /// At shutdown, how long requests in hand may take: 30 s.
    pub shutdown: Duration,
    /// How long a process that is to take over may be silent: 20 s. It starts in tens of
    /// milliseconds; calls of the control API wait meanwhile, for 30 s at most.
    pub take_over: Duration,
    /// After another process took over, how long this one goes on for streams and upgraded
    /// connections: an hour. Everything else is over when clients' idle connections are.
    pub elder: Duration,
}

/// The files in the proxy's directory.
#[derive(Debug, Clone)]
pub struct Paths {
    dir: PathBuf,
}

// === impl Options ===

impl Options {
    /// A proxy in `dir` with all defaults.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            workers: None,
            arguments: Vec::new(),
            trusted: Vec::new(),
            access_log: None,
            limits: Limits::default(),
        }
    }

    /// The files in the proxy's directory.
    pub fn paths(&self) -> Paths {
        Paths::new(&self.dir)
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.workers
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get)
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 64 * 1024,
            streams: 100,
            handshake: Duration::from_secs(10),
            certificates: Duration::from_secs(10),
            issue_again: Duration::from_secs(60),
            header_read: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            crowded_keep_alive: Duration::from_secs(5),
            rest: Duration::from_secs(1),
            body_idle: Duration::from_secs(60),
            stream_idle: Duration::from_secs(3600),
            connect: Duration::from_secs(2),
            response_head: Duration::from_secs(60),
            streaming_after: Duration::from_secs(1),
            compressed: 64,
            held_requests: 10_000,
            hold: Duration::from_secs(30),
            idle_per_instance: 1024,
            upstream_idle: Duration::from_secs(15),
            ejection: Duration::from_secs(2),
            lame_duck: Duration::from_secs(2),
            shutdown: Duration::from_secs(30),
            take_over: Duration::from_secs(20),
            elder: Duration::from_secs(3600),
        }
    }
}

impl Limits {
    /// After what time an idle connection rests; not later than it ends.
    pub(crate) fn rest(&self) -> Duration {
        self.rest.min(self.keep_alive)
    }

    /// How much sooner an idle connection ends where others wait for its place.
    pub(crate) fn sooner(&self) -> Duration {
        self.keep_alive.saturating_sub(self.crowded_keep_alive)
    }

    /// How often a worker looks at its connections: often enough for the shortest of the times.
    pub(crate) fn sweep(&self) -> Duration {
        // Below 10 ms the sweeps themselves would cost; above 250 ms an upstream's own idle
        // time would be learned too coarsely.
        [
            self.handshake,
            self.header_read,
            self.keep_alive,
            self.crowded_keep_alive,
            self.rest,
            self.body_idle,
            self.response_head,
            self.streaming_after,
            self.upstream_idle,
        ]
        .into_iter()
        .min()
        .map_or(Duration::MAX, |shortest| shortest / 4)
        .clamp(Duration::from_millis(10), Duration::from_millis(250))
    }
}

// === impl Paths ===

impl Paths {
    /// The files of the proxy in `dir`.
    pub fn new(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
        }
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The unix socket of the control API.
    pub fn control(&self) -> PathBuf {
        self.dir.join("control.sock")
    }

    /// The routing table.
    pub fn routes(&self) -> PathBuf {
        self.dir.join("routes.json")
    }

    /// The routing table before its last change.
    pub fn previous(&self) -> PathBuf {
        self.dir.join("routes.json.previous")
    }

    /// Where a process is reached that another one took over from.
    pub(crate) fn elder(&self, pid: u32) -> PathBuf {
        self.dir.join(format!("elder-{pid}.sock"))
    }

    /// All such places, also those that were left over.
    pub(crate) fn elders(&self) -> Vec<(u32, PathBuf)> {
        let found = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut elders: Vec<_> = found
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let pid = name.strip_prefix("elder-")?.strip_suffix(".sock")?;
                Some((pid.parse().ok()?, entry.path()))
            })
            .collect();
        elders.sort_unstable();
        elders
    }

    /// What the cookies of clients that stay are made with.
    pub fn sticky_key(&self) -> PathBuf {
        self.dir.join("sticky.key")
    }

    /// Held by the one proxy that runs here.
    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }
}
