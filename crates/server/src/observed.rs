//! What runs, as it was seen last. Looked at beside the calls that ask for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::status::EnvironmentStatus;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::options::Observe;

/// Younger than this, what was seen is new enough. Nobody looks while nobody asks.
const FRESH: Duration = Duration::from_secs(5);

/// What was seen last.
pub(crate) struct Seen {
    observe: Observe,
    last: Mutex<Last>,
    /// Those who wait for a look take turns: each costs as much as the command.
    one: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Last {
    /// Somebody is looking.
    is_looking: bool,
    at: Option<Timestamp>,
    all: Arc<Vec<EnvironmentStatus>>,
}

// === impl Seen ===

impl Seen {
    pub(crate) fn new(observe: Observe) -> Arc<Self> {
        Arc::new(Self {
            observe,
            last: Mutex::default(),
            one: tokio::sync::Mutex::default(),
        })
    }

    /// Looks, and waits until it is seen.
    pub(crate) async fn look_now(&self) -> Result<Arc<Vec<EnvironmentStatus>>, String> {
        let _turn = self.one.lock().await;
        let seen = tokio::spawn((self.observe)()).await;
        let all = Arc::new(seen.map_err(|error| error.to_string())??);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.all = Arc::clone(&all);
        last.at = Some(now());
        Ok(all)
    }

    /// What was seen last, and when. Has somebody look again where that is long ago.
    pub(crate) fn get(self: &Arc<Self>) -> (Option<Timestamp>, Arc<Vec<EnvironmentStatus>>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = last.at.is_some_and(|at| now().since(at) < FRESH);
        if !is_fresh && !last.is_looking {
            last.is_looking = true;
            tokio::spawn(Arc::clone(self).look());
        }
        (last.at, Arc::clone(&last.all))
    }

    async fn look(self: Arc<Self>) {
        // A task of its own: were it to panic, somebody has to be able to look again.
        let seen = tokio::spawn((self.observe)()).await;
        let seen = seen.unwrap_or_else(|error| Err(error.to_string()));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_looking = false;
        match seen {
            Ok(all) => {
                last.all = Arc::new(all);
                last.at = Some(now());
            }
            Err(error) => tracing::warn!(error, "the environments could not be looked at"),
        }
    }
}

/// An environment among those that were seen.
pub(crate) fn of<'a>(
    all: &'a [EnvironmentStatus],
    name: &EnvironmentName,
) -> Option<&'a EnvironmentStatus> {
    all.iter().find(|one| one.name == *name)
}
