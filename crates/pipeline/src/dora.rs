//! How well a team delivers, from what is on record: the four figures of DORA's research.
//!
//! [Deployment frequency, lead time for changes, change failure rate and time to restore
//! service](https://dora.dev/guides/dora-metrics-four-keys/), as medians where there are many.

use std::time::Duration;

use serde::Serialize;

use crate::config::serialize_duration;
use crate::deployment::Outcome;
use crate::plan::Kind;
use crate::time::Timestamp;

/// A deployment that is over, as far as the figures need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Why it was made.
    pub kind: Kind,
    /// When its commit was made.
    pub committed: Option<Timestamp>,
    /// When it was asked for.
    pub began: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
}

/// The four figures of one environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Changes that went live and stayed.
    pub deployments: usize,
    /// So many of them a week.
    pub per_week: f64,
    /// From the commit to being stable; the median.
    #[serde(serialize_with = "whole_seconds")]
    pub lead_time: Option<Duration>,
    /// The share of changes that failed, from 0 to 1: they did not go live, gave the traffic back,
    /// or were rolled back by hand later.
    pub change_failure_rate: Option<f64>,
    /// From the beginning of a change that failed to the moment when what was before had the
    /// traffic again, or something newer had; the median.
    #[serde(serialize_with = "whole_seconds")]
    pub time_to_restore: Option<Duration>,
}

/// The figures of an environment's deployments, the oldest first, over a time.
///
/// A change is a deployment or a promotion. What somebody cancelled or superseded says nothing of
/// the change and does not count.
pub fn figures(deliveries: &[Delivery], over: Duration) -> Figures {
    const WEEK: f64 = 7.0 * 24.0 * 3600.0;
    let mut figures = Figures::default();
    let mut changes = 0;
    let mut failed = 0;
    let mut leads = Vec::new();
    let mut restores = Vec::new();
    for (index, delivery) in deliveries.iter().enumerate() {
        let later = &deliveries[index + 1..];
        if !is_change(delivery) || is_taken_back(delivery.outcome) {
            continue;
        }
        changes += 1;
        if delivery.outcome == Outcome::Succeeded {
            figures.deployments += 1;
            let committed = delivery.committed.into_iter();
            leads.extend(committed.map(|committed| delivery.ended.since(committed)));
        }
        let Some(failure) = failure(delivery, later) else {
            continue;
        };
        failed += 1;
        restores.extend(failure.lasted);
    }
    figures.per_week = figures.deployments as f64 * WEEK / over.as_secs_f64().max(1.0);
    figures.lead_time = median(leads);
    figures.change_failure_rate = (changes > 0).then(|| f64::from(failed) / f64::from(changes));
    figures.time_to_restore = median(restores);
    figures
}

/// A change that failed.
struct Failed {
    /// How long something was wrong; none where nothing was, or it still is.
    lasted: Option<Duration>,
}

fn failure(delivery: &Delivery, later: &[Delivery]) -> Option<Failed> {
    let lasted = match delivery.outcome {
        Outcome::Succeeded => {
            let undone = undone_by(later)?;
            Some(undone.ended.since(delivery.ended))
        }
        // It took no traffic: nothing was to be restored.
        Outcome::Failed => None,
        Outcome::RolledBack => Some(delivery.ended.since(delivery.began)),
        Outcome::RollbackFailed => {
            let restored = later.iter().find(|one| one.outcome == Outcome::Succeeded);
            restored.map(|restored| restored.ended.since(delivery.began))
        }
        Outcome::Cancelled | Outcome::Superseded => return None,
    };
    Some(Failed { lasted })
}

/// The rollback that took back what went live just before, if the next thing was one.
fn undone_by(later: &[Delivery]) -> Option<&Delivery> {
    let lived = |one: &&Delivery| one.outcome == Outcome::Succeeded;
    let is_about_releases = |one: &&Delivery| is_change(one) || one.kind == Kind::Rollback;
    let next = later.iter().filter(is_about_releases).find(lived)?;
    (next.kind == Kind::Rollback).then_some(next)
}

fn is_change(delivery: &Delivery) -> bool {
    matches!(delivery.kind, Kind::Deploy | Kind::Promote)
}

fn is_taken_back(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Cancelled | Outcome::Superseded)
}

fn median(mut all: Vec<Duration>) -> Option<Duration> {
    all.sort();
    let middle = all.len() / 2;
    let upper = *all.get(middle)?;
    Some(if all.len() % 2 == 1 {
        upper
    } else {
        (all[middle - 1] + upper) / 2
    })
}

fn whole_seconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serialize_duration(&Duration::from_secs(duration.as_secs()), serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn delivery(kind: Kind, minute: u64, outcome: Outcome) -> Delivery {
        Delivery {
            kind,
            committed: Some(Timestamp((minute - 30) * MINUTE)),
            began: Timestamp((minute - 2) * MINUTE),
            ended: Timestamp(minute * MINUTE),
            outcome,
        }
    }

    fn week(deliveries: &[Delivery]) -> Figures {
        figures(deliveries, Duration::from_secs(7 * 24 * 3600))
    }

    #[test]
    fn nothing_on_record_says_nothing() {
        assert_eq!(week(&[]), Figures::default());
    }

    #[test]
    fn what_went_live_is_counted_with_its_lead_time() {
        let good = |minute| delivery(Kind::Deploy, minute, Outcome::Succeeded);
        let figures = week(&[good(100), good(200)]);
        assert_eq!(figures.deployments, 2);
        assert!((figures.per_week - 2.0).abs() < 1e-9);
        assert_eq!(figures.lead_time, Some(Duration::from_secs(30 * 60)));
        assert_eq!(figures.change_failure_rate, Some(0.0));
        assert_eq!(figures.time_to_restore, None);
    }

    #[test]
    fn each_way_to_fail_is_a_failure_once() {
        let figures = week(&[
            delivery(Kind::Promote, 100, Outcome::Succeeded),
            // Went live, was bad, and somebody went back an hour later.
            delivery(Kind::Promote, 200, Outcome::Succeeded),
            delivery(Kind::Scale, 220, Outcome::Succeeded),
            delivery(Kind::Rollback, 260, Outcome::Succeeded),
            // Went back by itself, within its two minutes.
            delivery(Kind::Promote, 300, Outcome::RolledBack),
            delivery(Kind::Promote, 400, Outcome::Failed),
            delivery(Kind::Promote, 500, Outcome::Cancelled),
        ]);
        assert_eq!(figures.deployments, 2);
        assert_eq!(figures.change_failure_rate, Some(0.75));
        assert_eq!(figures.time_to_restore, Some(Duration::from_secs(31 * 60)));
    }

    #[test]
    fn a_rollback_that_failed_lasts_until_something_is_live_again() {
        let figures = week(&[
            delivery(Kind::Deploy, 100, Outcome::RollbackFailed),
            delivery(Kind::Deploy, 160, Outcome::Succeeded),
        ]);
        assert_eq!(figures.time_to_restore, Some(Duration::from_secs(62 * 60)));
        assert_eq!(figures.change_failure_rate, Some(0.5));
    }
}
