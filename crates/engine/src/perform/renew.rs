//! Puts shared instances aside while new ones are made, and brings them back.

use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;
use shipway_runtime::ColourKey;

use super::adopt::stopped;
use super::{Performed, Performer, failed};

impl Performer<'_> {
    pub(super) async fn set_aside(&self, only: &[InstanceId]) -> Performed {
        let (key, epoch) = (self.shared_key(), self.lease.epoch());
        let set = self.engine.runtime.set_aside(&key, epoch, only).await;
        set.map(|all| Some(stopped(&all)))
            .map_err(|error| failed(&error))
    }

    pub(super) async fn bring_back(&self, only: &[InstanceId]) -> Performed {
        let (key, epoch) = (self.shared_key(), self.lease.epoch());
        let brought = self.engine.runtime.bring_back(&key, epoch, only).await;
        brought.map(|()| None).map_err(|error| failed(&error))
    }

    pub(super) async fn discard(&self, only: &[InstanceId]) -> Performed {
        let (key, epoch) = (self.shared_key(), self.lease.epoch());
        let discarded = self.engine.runtime.discard(&key, epoch, only).await;
        discarded.map(|()| None).map_err(|error| failed(&error))
    }

    fn shared_key(&self) -> ColourKey {
        ColourKey {
            route: self.route_key(),
            slot: Slot::Shared,
        }
    }
}
