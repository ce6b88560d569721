//! What people consent to.

use super::{Action, Plan, Step, renumber};
use crate::digest::Digest;
use crate::id::DeploymentId;

/// The number of a deployment that has none yet.
const NONE: DeploymentId = DeploymentId(0);

impl Plan {
    /// Names what somebody consents to.
    ///
    /// It is the same whatever number the deployment gets. Notes are left out, since they tell of
    /// times and sizes that were seen before, and so are backups: whether one is fresh enough
    /// changes by the hour. Everything else that is different gives another digest.
    pub fn consent(&self) -> Digest {
        let mut plan = renumber(self.clone(), NONE);
        plan.notes.clear();
        plan.steps.retain(is_consented);
        // It follows from the steps; its place among them changes with the backup.
        plan.revert.touched_from = 0;
        plan.digest()
    }
}

fn is_consented(step: &Step) -> bool {
    !matches!(step.action, Action::BackUp)
}
