//! The queue: requests are carried out by children of the daemon, which outlive it.
//!
//! ```text
//! store: open requests ─► decide (pure) ─► superseded: recorded
//!          ▲                    └────────► start: fetch what is missing, then a child
//!          └──── looked at again when a child ended, somebody asked, or time passed
//! ```
//!
//! Killed at any moment, nothing is lost: children go on, each holds its request's lock, and what
//! is recorded as running without anybody holding its lock is carried out again.

mod child;
mod fetch;
mod survey;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_engine::clock::now;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{End, Request};
use shipway_store::{Act, Error};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::metrics::Run;
use crate::options::Carrier;
use crate::problem::Problem;
use crate::shared::Shared;

pub use child::events_of;
pub(crate) use child::{OK, Runs, last_words};
use survey::{Seen, survey};
use turns::Turns;

/// Others change the store as well: commands of people who know nothing of the daemon. Where they
/// did not, a look costs two system calls.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// On whose behalf the queue acts.
pub(crate) const ITSELF: &str = "shipway";

/// How a child ended.
struct Ended {
    id: RequestId,
    /// Why it ended by itself without good reason; none where it was killed.
    fault: Option<String>,
}

struct Queue {
    shared: Arc<Shared>,
    carrier: Arc<Carrier>,
    runs: Arc<Runs>,
    turns: Turns,
    /// What was seen by the last look.
    seen: Option<Seen>,
    sender: UnboundedSender<Ended>,
}

/// Keeps the queue moving until the daemon is to end.
pub(crate) async fn run(shared: Arc<Shared>, carrier: Carrier, parallel: usize) {
    let (sender, mut receiver) = unbounded_channel();
    let mut closing = shared.closing.clone();
    let mut queue = Queue {
        runs: Arc::clone(&shared.runs),
        shared,
        carrier: Arc::new(carrier),
        turns: Turns::new(parallel),
        seen: None,
        sender,
    };
    let closed = async move { closing.wait_for(|is_closing| *is_closing).await.is_ok() };
    let mut closed = std::pin::pin!(closed);
    loop {
        if let Err(problem) = queue.look().await {
            tracing::error!(detail = problem.detail, "the queue stands");
        }
        let nudge = Arc::clone(&queue.shared);
        tokio::select! {
            _ = closed.as_mut() => return,
            Some(ended) = receiver.recv() => queue.take_note(ended, &mut receiver),
            () = nudge.nudge.notified() => queue.seen = None,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

// === impl Queue ===

impl Queue {
    /// Looks whose turn it is, and lets them begin. Does nothing where nothing changed.
    async fn look(&mut self) -> Result<(), Problem> {
        for id in self.shared.take_claimed() {
            self.turns.claim(id);
        }
        let (known, seen) = (self.turns.known(), self.seen.clone());
        let asked = self.shared.ask(move |store| {
            let is_same = match &seen {
                Some(seen) => seen.is_still_so(store, now())?,
                None => false,
            };
            if is_same {
                return Ok(None);
            }
            survey(store, &known, now()).map(Some)
        });
        let Some(survey) = asked.await? else {
            return Ok(());
        };
        let moves = self.turns.decide(&survey.open, &survey.free, now());
        // First, because to record what thousand pushes were passed over for takes a moment.
        for (id, is_again) in moves.start {
            if let Some(request) = survey.open.iter().find(|one| one.id == id) {
                self.begin(request, is_again);
            }
        }
        for (id, newer) in moves.superseded {
            self.end(id, "supersede", End::Superseded { newer }).await?;
        }
        for (id, reason) in moves.given_up {
            tracing::error!(request = %id, reason, "given up");
            self.end(id, "give up", End::Refused { reason }).await?;
        }
        self.seen = Some(Seen {
            until: self.turns.next(&survey.open, now()),
            revision: survey.revision,
            held: survey.held,
        });
        Ok(())
    }

    /// Has a child carry a request out.
    fn begin(&self, request: &Request, is_again: bool) {
        let id = request.id;
        tracing::info!(request = %id, environment = %request.environment, again = is_again, "begins");
        let work = Work {
            request: request.clone(),
            is_again,
            carrier: Arc::clone(&self.carrier),
            runs: Arc::clone(&self.runs),
            directory: self.shared.project.directory().to_owned(),
        };
        let sender = self.sender.clone();
        let shared = Arc::clone(&self.shared);
        let want = request.want.name();
        tokio::spawn(async move {
            let began = Instant::now();
            let fault = work.carry_out().await.err();
            let is_good = fault.is_none();
            shared.metrics.run(Run { want, is_good }, began.elapsed());
            // Nobody listens when the daemon ends.
            let _ = sender.send(Ended { id, fault });
        });
    }

    fn take_note(&mut self, first: Ended, more: &mut UnboundedReceiver<Ended>) {
        self.seen = None;
        let mut next = Some(first);
        while let Some(ended) = next {
            tracing::info!(request = %ended.id, fault = ended.fault, "its process ended");
            self.turns.ended(ended.id, ended.fault, now());
            next = more.try_recv().ok();
        }
    }

    async fn end(&self, id: RequestId, verb: &'static str, end: End) -> Result<(), Problem> {
        let changed = self.shared.ask(move |store| {
            let act = Act {
                by: ITSELF,
                verb,
                now: now(),
            };
            let change = |request: &mut Request| {
                // One that began or ended meanwhile is left as it is.
                let _ = request.end(end, act.now);
                Ok::<_, Error>(())
            };
            Ok(store.change_request(id, act, change)?)
        });
        changed.await.map(drop)
    }
}

/// What is done for one request.
struct Work {
    request: Request,
    is_again: bool,
    carrier: Arc<Carrier>,
    runs: Arc<Runs>,
    directory: std::path::PathBuf,
}

impl Work {
    /// Fetches the commit where it is missing, and has a child do the rest.
    async fn carry_out(self) -> Result<(), String> {
        let id = self.request.id;
        if self.is_again {
            let told =
                "whoever carried this request out ended in the middle: it is carried out again";
            self.runs
                .tell(id, told)
                .map_err(|error| error.to_string())?;
        }
        fetch::missing(&self.directory, &self.request).await;
        let child = self.runs.spawn(&self.carrier, id);
        let mut child = child.map_err(|error| format!("it could not be started: {error}"))?;
        let status = child.wait().await.map_err(|error| error.to_string())?;
        match status.code() {
            // Killed, or somebody else carries it out: that is no fault of its own.
            None | Some(OK | child::WAITING | child::LOCKED) => Ok(()),
            Some(code) => Err(last_words(&self.runs.log(id), code)),
        }
    }
}
