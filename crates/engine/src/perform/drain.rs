//! Waits until unrouted instances have answered what they have in hand.

use std::time::Duration;

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::Side;
use shipway_pipeline::traffic::InFlight;
use tokio::time::Instant;

use super::{Performed, Performer, failed};
use crate::event::Kind;
use crate::ports::RouterError;

/// Most requests are answered in tens of milliseconds.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Performer<'_> {
    pub(super) async fn drain(
        &self,
        side: Side,
        only: Option<&[InstanceId]>,
        timeout: Duration,
        streaming: Duration,
    ) -> Performed {
        let began = Instant::now();
        let mut pause = FIRST_LOOK;
        let mut told = InFlight::default();
        loop {
            let left = self
                .in_flight(side, only)
                .await
                .map_err(|error| failed(&error))?;
            let waits = (left.short > 0 && began.elapsed() < timeout)
                || (left.streaming + left.upgraded > 0 && began.elapsed() < streaming);
            if !waits {
                break;
            }
            if left != told {
                self.tell(Kind::Draining {
                    deployment: self.plan.deployment,
                    in_flight: left,
                });
                told = left;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let occupant = &self.running(side)?.occupant;
        let cut = self
            .engine
            .router
            .cut(
                &self.route_key(),
                self.lease.epoch(),
                occupant.colour,
                occupant.deployment,
                only,
            )
            .await
            .map_err(|error| failed(&error))?;
        Ok(Some(Detail::Drained {
            short: cut.short,
            streaming: cut.streaming,
            upgraded: cut.upgraded,
        }))
    }

    async fn in_flight(
        &self,
        side: Side,
        only: Option<&[InstanceId]>,
    ) -> Result<InFlight, RouterError> {
        let Some(occupant) = self.plan.occupant(side) else {
            return Ok(InFlight::default());
        };
        let (router, key) = (&self.engine.router, self.route_key());
        let traffic = match router.traffic(&key).await {
            // A proxy that ended has nothing in hand any more. To ask for the route starts it.
            Err(RouterError::Unreachable(_)) => {
                router.route(&key).await?;
                router.traffic(&key).await?
            }
            traffic => traffic?,
        };
        let mut total = InFlight::default();
        let counted = traffic
            .iter()
            .filter(|one| one.deployment == occupant.deployment && one.colour == occupant.colour)
            .flat_map(|one| &one.in_flight)
            .filter(|(id, _)| only.is_none_or(|only| only.contains(id)));
        for (_, in_flight) in counted {
            total.short += in_flight.short;
            total.streaming += in_flight.streaming;
            total.upgraded += in_flight.upgraded;
        }
        Ok(total)
    }
}
