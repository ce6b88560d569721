//! What a deployment does to the database besides migrating it: it saves it, or puts another one in
//! its place.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, Plan, Side};
use crate::id::{BackupId, DeploymentId};

/// PostgreSQL cuts longer names, and then means another database.
const LONGEST: usize = 63;

/// The longest that a database's way back takes. Nothing could run without the server, so one that
/// was killed is waited for: it may have much to recover before it answers.
pub const SWAP_BACK: Duration = Duration::from_secs(600);

/// What a deployment does to the database besides migrating it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Upkeep {
    /// Nothing.
    #[default]
    None,
    /// It is saved before anything could change it.
    BackUp {
        /// Not longer than this.
        deadline: Duration,
        /// What that will be like, or what a reader should know.
        note: Option<String>,
    },
    /// No backup is made, for this reason.
    Enough(String),
    /// Another one takes its place.
    Replace {
        /// Which.
        incoming: Incoming,
        /// Each of saving and restoring takes not longer than this.
        deadline: Duration,
        /// What that loses.
        note: String,
    },
}

/// What takes the place of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Incoming {
    /// A backup that was restored beside it.
    Backup {
        /// Which.
        backup: BackupId,
    },
    /// The database that an earlier deployment put aside.
    Kept {
        /// Which deployment.
        by: DeploymentId,
    },
}

impl Incoming {
    /// The name of what is to take a database's place in a deployment.
    #[must_use]
    pub fn name(self, database: &str, deployment: DeploymentId) -> String {
        match self {
            Self::Backup { .. } => new_name(database, deployment),
            Self::Kept { by } => kept_name(database, by),
        }
    }
}

/// The name of a database while a deployment restores it.
#[must_use]
pub fn new_name(database: &str, deployment: DeploymentId) -> String {
    named(database, &format!("_new_{deployment}"))
}

/// The name of the database that a deployment put aside.
///
/// ```
/// use shipway_pipeline::id::DeploymentId;
/// use shipway_pipeline::plan::kept_name;
/// assert_eq!(kept_name("shop", DeploymentId(12)), "shop_before_d12");
/// ```
#[must_use]
pub fn kept_name(database: &str, deployment: DeploymentId) -> String {
    named(database, &format!("_before_{deployment}"))
}

fn named(database: &str, end: &str) -> String {
    let mut length = database.len().min(LONGEST - end.len());
    while !database.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}{end}", &database[..length])
}

/// A database is replaced only while nothing of either release runs, both ways.
pub(super) fn is_replaced_in_peace(plan: &Plan) -> bool {
    let there = plan.steps.iter().map(|step| &step.action);
    let back = plan.revert.touched.iter().map(|step| &step.action);
    let swaps = |action: &Action| matches!(action, Action::SwapDatabase { .. });
    let swaps_back = |action: &Action| matches!(action, Action::SwapDatabaseBack { .. });
    let must_go_back = there.clone().any(swaps) == back.clone().any(swaps_back);
    must_go_back
        && is_between(there, swaps, Side::Previous, Side::Target)
        && is_between(back, swaps_back, Side::Target, Side::Previous)
}

/// Whether all of one side is stopped before, and nothing of the other is started.
fn is_between<'a>(
    mut actions: impl Iterator<Item = &'a Action>,
    swaps: impl Fn(&Action) -> bool,
    leaving: Side,
    coming: Side,
) -> bool {
    let (mut has_stopped, mut has_started) = (false, false);
    actions.all(|action| {
        match action {
            Action::Stop { side, only: None } if *side == leaving => has_stopped = true,
            Action::Start { side, .. } if *side == coming => has_started = true,
            _ => {}
        }
        !swaps(action) || has_stopped && !has_started
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_enough_and_tell_whose_they_are() {
        let long = "ä".repeat(40);
        let kept = kept_name(&long, DeploymentId(123));
        assert!(
            kept.len() <= LONGEST && kept.ends_with("_before_d123"),
            "{kept}"
        );
        assert_eq!(new_name("shop", DeploymentId(3)), "shop_new_d3");
        let kept = Incoming::Kept {
            by: DeploymentId(3),
        };
        assert_eq!(kept.name("shop", DeploymentId(9)), "shop_before_d3");
    }
}
