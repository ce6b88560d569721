//! Awkward clients: those that are slow, hurried, large or stay on, each checked byte by byte.
//!
//! [`Traffic`](crate::Traffic) is the many; these are a few of each kind, as a service meets them
//! among the many. Each goes on with its own kind of request until the mix is stopped.

mod clients;
mod http2;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use clients::KINDS;

use crate::sandbox::Sandbox;

/// As many reasons as a message has room for.
const REASONS: usize = 5;

/// A few clients of each awkward kind, at work.
#[derive(Debug)]
pub struct Mix {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    port: u16,
    /// How many bytes a large body has.
    large: usize,
    stopping: AtomicBool,
    tallies: Mutex<BTreeMap<&'static str, Tally>>,
}

/// What became of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whole and right.
    pub good: u64,
    /// Without a whole, right answer.
    pub lost: u64,
    /// Why, for the first few.
    pub reasons: Vec<String>,
}

/// What became of all of them, by kind.
#[derive(Debug, Clone)]
pub struct Mixed(pub BTreeMap<&'static str, Tally>);

// === impl Mix ===

impl Mix {
    /// Sets them to work on an environment, with large bodies of so many bytes, and waits until
    /// each kind had an answer.
    ///
    /// # Panics
    /// When one has none.
    pub fn start(sandbox: &Sandbox, environment: &str, large: usize) -> Self {
        let shared = Arc::new(Shared {
            port: sandbox.port(environment),
            large,
            stopping: AtomicBool::new(false),
            tallies: Mutex::default(),
        });
        let threads = KINDS.iter().map(|kind| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || kind.work(&shared))
        });
        let mut threads: Vec<_> = threads.collect();
        let multiplexed = Arc::clone(&shared);
        threads.push(std::thread::spawn(move || http2::work(&multiplexed)));
        let mix = Self { shared, threads };
        crate::wait_until("each kind of client to have an answer", || {
            let tallies = mix.shared.tallies();
            let heard = tallies.values().filter(|tally| tally.good > 0).count();
            (heard == mix.threads.len()).then_some(())
        });
        mix
    }

    /// Checks that nothing was lost so far: a campaign ends where it happens.
    ///
    /// # Panics
    /// With all counts, when something was.
    #[track_caller]
    pub fn assert_well(&self) {
        Mixed(self.shared.tallies()).assert_flawless();
    }

    /// Lets each finish what it has in hand, and counts.
    ///
    /// # Panics
    /// When a client did.
    pub fn stop(self) -> Mixed {
        self.shared.stopping.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("a client ends by itself");
        }
        Mixed(self.shared.tallies())
    }
}

// === impl Shared ===

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn tallies(&self) -> BTreeMap<&'static str, Tally> {
        let tallies = self.tallies.lock();
        tallies.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, kind: &'static str, outcome: Result<u64, String>) {
        let tallies = self.tallies.lock();
        let mut tallies = tallies.unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(kind).or_default();
        match outcome {
            Ok(answers) => tally.good += answers,
            Err(reason) => {
                tally.lost += 1;
                if tally.reasons.len() < REASONS {
                    tally.reasons.push(reason);
                }
            }
        }
    }
}

// === impl Mixed ===

impl Mixed {
    /// Checks that nothing was lost.
    ///
    /// # Panics
    /// With all counts, when something was.
    #[track_caller]
    pub fn assert_flawless(&self) {
        let lost: u64 = self.0.values().map(|tally| tally.lost).sum();
        assert_eq!(lost, 0, "{self}");
    }
}

impl fmt::Display for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>10}{:>8}", "clients", "answers", "lost")?;
        for (kind, tally) in &self.0 {
            writeln!(f, "{kind:<22}{:>10}{:>8}", tally.good, tally.lost)?;
            for reason in &tally.reasons {
                writeln!(f, "    {reason}")?;
            }
        }
        Ok(())
    }
}
