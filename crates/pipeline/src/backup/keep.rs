//! Which backups are kept: the last ones, and one of each of the last days, weeks and months.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Backup;
use crate::id::BackupId;
use crate::time::Timestamp;

/// How many backups are kept of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// The last ones, whenever they were made.
    pub last: u32,
    /// One of each of so many days on which one was made.
    pub daily: u32,
    /// One of each of so many weeks.
    pub weekly: u32,
    /// One of each of so many months.
    pub monthly: u32,
}

/// Why a backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It is one of the last.
    Last,
    /// It is the last of its day.
    Daily,
    /// It is the last of its week.
    Weekly,
    /// It is the last of its month.
    Monthly,
    /// It is the last one that was proven: without it nobody knows whether any can be restored.
    Proven,
}

/// The number of a day's period: two days of one period have the same.
type Period = fn(u64) -> u64;

/// Says of each backup of an environment why it is kept. One that is not named may go.
///
/// Days, weeks (from Monday) and months are those of UTC. The newest backup and the newest proven
/// one are kept whatever is asked for.
///
/// ```
/// use shipway_pipeline::backup::{Keep, decide_kept};
/// let keep = Keep { last: 1, daily: 0, weekly: 0, monthly: 0 };
/// assert!(decide_kept(&[], &keep).is_empty());
/// ```
#[must_use]
pub fn decide_kept(backups: &[Backup], keep: &Keep) -> BTreeMap<BackupId, BTreeSet<Kept>> {
    let mut newest: Vec<&Backup> = backups.iter().collect();
    newest.sort_by_key(|backup| std::cmp::Reverse((backup.created, backup.id)));
    let mut kept: BTreeMap<BackupId, BTreeSet<Kept>> = BTreeMap::new();
    let mut mark = |backup: &Backup, why| {
        kept.entry(backup.id).or_default().insert(why);
    };
    for backup in newest.iter().take(keep.last.max(1) as usize) {
        mark(backup, Kept::Last);
    }
    let periods: [(u32, Kept, Period); 3] = [
        (keep.daily, Kept::Daily, |day| day),
        // The first day of 1970 was a Thursday.
        (keep.weekly, Kept::Weekly, |day| (day + 3) / 7),
        (keep.monthly, Kept::Monthly, month),
    ];
    for (count, why, period) in periods {
        let mut seen = BTreeSet::new();
        for backup in &newest {
            let is_full = seen.len() == count as usize;
            if !is_full && seen.insert(period(day(backup.created))) {
                mark(backup, why);
            }
        }
    }
    if let Some(proven) = newest.iter().find(|backup| backup.proven.is_some()) {
        mark(proven, Kept::Proven);
    }
    kept
}

/// Days since 1970.
fn day(at: Timestamp) -> u64 {
    at.0 / 86_400_000
}

/// Months since March of the year 0, by the days since 1970.
///
/// Years that begin with March have their leap day at the end, which makes months of a year a
/// formula (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn month(day: u64) -> u64 {
    let day = day + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::backup;
    use super::*;

    const DAY: u64 = 86_400_000;

    /// One backup for each of these points in time; those in `proven` are.
    fn backups(times: &[u64], proven: &[usize]) -> Vec<Backup> {
        let one = |(index, at): (usize, &u64)| Backup {
            id: BackupId(index as u64 + 1),
            created: Timestamp(*at),
            proven: proven.contains(&index).then_some(Timestamp(*at + 1)),
            ..backup()
        };
        times.iter().enumerate().map(one).collect()
    }

    fn ids(kept: &BTreeMap<BackupId, BTreeSet<Kept>>) -> Vec<u64> {
        kept.keys().map(|id| id.0).collect()
    }

    #[test]
    fn of_each_day_the_last_one_stays() {
        let keep = Keep {
            last: 1,
            daily: 2,
            weekly: 0,
            monthly: 0,
        };
        let three_days = backups(&[1, DAY + 1, DAY + 2, 2 * DAY, 2 * DAY + 5], &[]);
        assert_eq!(ids(&decide_kept(&three_days, &keep)), [3, 5]);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        // 2024-02-29, 2024-03-01, 2024-03-31, 2024-04-01, 2025-04-01.
        let days = [19_782, 19_783, 19_813, 19_814, 20_179];
        let months: Vec<u64> = days.iter().map(|day| month(*day)).collect();
        assert_eq!(months[1], months[0] + 1);
        assert_eq!(months[2], months[1]);
        assert_eq!(months[3], months[2] + 1);
        assert_eq!(months[4], months[3] + 12);
        // A week begins with its Monday: 2026-11-22 is a Sunday.
        let week = |day: u64| (day + 3) / 7;
        assert_ne!(week(20_779), week(20_780));
        assert_eq!(week(20_780), week(20_786));
    }

    #[test]
    fn the_last_proven_one_stays_however_old() {
        let keep = Keep {
            last: 2,
            daily: 0,
            weekly: 0,
            monthly: 0,
        };
        let all = backups(&[1, 2, 3, 4, 5], &[0, 1]);
        let kept = decide_kept(&all, &keep);
        assert_eq!(ids(&kept), [2, 4, 5]);
        assert_eq!(kept[&BackupId(2)], [Kept::Proven].into());
    }

    proptest! {
        #[test]
        fn what_must_stay_stays_and_no_more_than_asked_for(
            times in prop::collection::vec(0..400 * DAY, 0..40),
            proven in prop::collection::vec(0..40_usize, 0..5),
            (last, daily, weekly, monthly) in (0..5_u32, 0..8_u32, 0..5_u32, 0..13_u32),
        ) {
            let all = backups(&times, &proven);
            let keep = Keep { last, daily, weekly, monthly };
            let kept = decide_kept(&all, &keep);
            let newest = |only_proven: bool| {
                let those = all.iter().filter(|one| !only_proven || one.proven.is_some());
                those.max_by_key(|one| (one.created, one.id))
            };
            for must in [newest(false), newest(true)].into_iter().flatten() {
                prop_assert!(kept.contains_key(&must.id));
            }
            let most = last.max(1) + daily + weekly + monthly + 1;
            prop_assert!(kept.len() <= most as usize);
            // What was removed does not change what stays: pruning twice removes nothing more.
            let left: Vec<Backup> =
                all.into_iter().filter(|one| kept.contains_key(&one.id)).collect();
            prop_assert_eq!(decide_kept(&left, &keep).len(), left.len());
        }
    }
}
