//! People's consent to what a request would do.

use serde::{Deserialize, Serialize};

use super::{End, Request, State};
use crate::digest::Digest;
use crate::id::ReleaseId;
use crate::plan::Plan;
use crate::promotion::Approvals;
use crate::time::Timestamp;

/// What people consent to: one release, by one plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The release.
    pub release: ReleaseId,
    /// [`Plan::consent`] of the plan.
    pub digest: Digest,
    /// The plan, for those who decide.
    pub plan: Box<Plan>,
}

/// What somebody said of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The plan that they saw.
    pub digest: Digest,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// So many more people have to consent.
    Missing(u32),
    /// Everybody did who had to: it has its turn again.
    Complete,
}

/// Why somebody's word does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It waits for nobody.
    #[error(transparent)]
    State(#[from] super::WrongState),
    /// It came too late.
    #[error("the request expired")]
    Expired,
    /// Nobody decides about their own request.
    #[error("`{0}` asked for it, and nobody decides about their own request")]
    Own(String),
    /// They are in none of the groups.
    #[error("`{by}` is in none of the groups that decide: {}", .groups.join(", "))]
    Stranger {
        /// Who.
        by: String,
        /// The groups.
        groups: Vec<String>,
    },
    /// They consented already.
    #[error("`{0}` approved it already")]
    Twice(String),
    /// They saw another plan.
    #[error("the plan that was approved is not the one that the request has")]
    OtherPlan,
}

// === impl Agreement ===

impl Agreement {
    /// What is asked of people who are shown this plan.
    pub fn new(plan: Plan) -> Self {
        Self {
            release: plan.target.release.clone(),
            digest: plan.consent(),
            plan: Box::new(plan),
        }
    }
}

// === impl Request ===

impl Request {
    /// Somebody consents to what they saw. With the last one who has to, it has its turn again.
    ///
    /// `seen` is the plan's digest; the request's own where whoever calls shows nothing else.
    ///
    /// # Errors
    /// Their word does not count.
    pub fn approve(
        &mut self,
        rules: &Approvals,
        by: &str,
        seen: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Standing, NotAllowed> {
        let digest = self.check(rules, by, seen, now)?;
        if self.approvals.iter().any(|approval| approval.by == by) {
            return Err(NotAllowed::Twice(by.to_owned()));
        }
        self.approvals.push(Approval {
            by: by.to_owned(),
            at: now,
            digest,
        });
        let standing = self.standing(rules);
        if standing == Standing::Complete {
            self.state = State::Queued;
        }
        Ok(standing)
    }

    /// Somebody whose consent is asked for says no, which ends it.
    ///
    /// # Errors
    /// Their word does not count.
    pub fn reject(
        &mut self,
        rules: &Approvals,
        by: &str,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<(), NotAllowed> {
        self.check(rules, by, None, now)?;
        let by = by.to_owned();
        Ok(self.end(End::Rejected { by, reason }, now)?)
    }

    /// How many more people have to consent. Only those count who may by the rules of now.
    pub fn standing(&self, rules: &Approvals) -> Standing {
        let Some(agreement) = &self.agreement else {
            return Standing::Missing(rules.required);
        };
        let counts = |approval: &&Approval| {
            approval.digest == agreement.digest
                && approval.by != self.by
                && may_decide(rules, &approval.by)
        };
        let given = self.approvals.iter().filter(counts).count();
        let given = u32::try_from(given).unwrap_or(u32::MAX);
        match rules.required.saturating_sub(given) {
            0 => Standing::Complete,
            missing => Standing::Missing(missing),
        }
    }

    /// Ends it if too few people had consented in time; whether it did.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let State::Waiting { expires } = self.state else {
            return false;
        };
        now >= expires && self.end(End::Expired, now).is_ok()
    }

    /// Whether somebody's word counts, and the digest of what it is about.
    fn check(
        &self,
        rules: &Approvals,
        by: &str,
        seen: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Digest, NotAllowed> {
        let (State::Waiting { expires }, Some(agreement)) = (&self.state, &self.agreement) else {
            return Err(self.wrong().into());
        };
        if now >= *expires {
            return Err(NotAllowed::Expired);
        }
        if by == self.by {
            return Err(NotAllowed::Own(by.to_owned()));
        }
        if !may_decide(rules, by) {
            return Err(NotAllowed::Stranger {
                by: by.to_owned(),
                groups: rules.groups.clone(),
            });
        }
        if seen.is_some_and(|seen| *seen != agreement.digest) {
            return Err(NotAllowed::OtherPlan);
        }
        Ok(agreement.digest.clone())
    }
}

fn may_decide(rules: &Approvals, by: &str) -> bool {
    rules.groups.is_empty() || rules.people.contains(by)
}
