//! What `deploy` and `promote` do: at once where nobody else has a say, else by a request.

use shipway_engine::event::Event;
use shipway_pipeline::config::Environment;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
use shipway_server::client::WishedLane;
use shipway_store::NewRequest;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::carrying;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::Result;
use crate::wanted::{self, Purpose};

/// Flags that choose by which rules a release goes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LaneFlags {
    /// Go past the environment's policy, gates and approvals; it stays on record, with the reason
    #[arg(long, requires = "reason")]
    break_glass: bool,
    /// Why, for those who approve it and for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// What somebody wants to be deployed.
pub(crate) struct Wish<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) want: Want,
    pub(crate) lane: Lane,
    pub(crate) reason: Option<String>,
}

// === impl LaneFlags ===

impl LaneFlags {
    pub(crate) fn lane(&self) -> Lane {
        if self.break_glass {
            Lane::BreakGlass
        } else {
            Lane::Regular
        }
    }

    /// The same, as a daemon elsewhere is asked.
    pub(crate) fn wished(&self) -> WishedLane {
        if self.break_glass {
            WishedLane::BreakGlass
        } else {
            WishedLane::Regular
        }
    }
}

// === impl Wish ===

impl Wish<'_> {
    /// Deploys it. Where others have a say, or the record needs a reason, that is a request.
    pub(crate) async fn fulfil(
        self,
        context: &Context,
        flags: &Flags,
        events: UnboundedReceiver<Event>,
    ) -> Result {
        let has_rules = self.environment.policy.approvals(self.lane).is_some();
        let is_recorded = has_rules || self.reason.is_some();
        if flags.dry_run || !is_recorded {
            let purpose = if flags.dry_run {
                Purpose::Show
            } else {
                Purpose::Deploy
            };
            let request =
                wanted::prepare(context, self.environment, &self.want, self.lane, purpose);
            return deploying::run(context, flags, events, request).await;
        }
        let new = NewRequest {
            environment: self.environment.name.clone(),
            want: self.want,
            lane: self.lane,
            by: context.engine.actor.clone(),
            reason: self.reason,
            origin: Origin::Person,
        };
        let now = shipway_engine::clock::now();
        let request = context.engine.store.create_request(new, now)?;
        carrying::carry_out(context, request.id, flags, events).await
    }
}
