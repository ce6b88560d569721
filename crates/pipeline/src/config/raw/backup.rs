//! Backups as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::super::{default, render_duration};
use super::{DurationText, RecipientText};

/// Backups of the database.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Backup {
    /// Where they are kept, relative to this file; each environment has a folder of its own in it.
    #[schemars(extend("x-default" = "`backups` in the state directory", "examples" = ["/srv/backups"]))]
    pub(in crate::config) directory: Option<String>,
    /// A backup is made before each deployment that could change the database.
    #[schemars(extend("x-default" = "`true` where `confirm` is `name`, else `false`"))]
    pub(in crate::config) before_deploy: Option<bool>,
    /// A backup that is younger than this is fresh enough before a deployment: none is made then.
    #[schemars(extend("default" = render_duration(default::BACKUP_FRESH)))]
    pub(in crate::config) fresh: Option<Placed<DurationText>>,
    /// A backup, or a restore, that takes longer has failed.
    #[schemars(extend("default" = render_duration(default::BACKUP_TIMEOUT)))]
    pub(in crate::config) timeout: Option<Placed<DurationText>>,
    /// They are encrypted with age, for the identity that `shipway secrets` uses.
    #[schemars(extend("default" = false))]
    pub(in crate::config) encrypt: Option<bool>,
    /// They are encrypted with age for these, in place of one's own identity: who verifies or
    /// restores one needs the identity of one of them.
    #[schemars(extend("default" = []))]
    pub(in crate::config) recipients: Option<Vec<Placed<RecipientText>>>,
    /// When one is made by itself, by `shipway serve` or `shipway backup run-due`: minute, hour, day
    /// of the month, month and weekday as cron has them, or `@daily` and the like.
    #[schemars(extend("examples" = ["30 3 * * *"]))]
    pub(in crate::config) schedule: Option<Placed<String>>,
    /// When the newest one is restored into a scratch database by itself, and compared with what was
    /// saved: written as `schedule` is.
    #[schemars(extend("examples" = ["0 5 * * 0"]))]
    pub(in crate::config) prove: Option<Placed<String>>,
    /// The time zone of `schedule` and `prove`, as the time zone database names it.
    #[schemars(extend("default" = "UTC"))]
    pub(in crate::config) time_zone: Option<Placed<String>>,
    /// A bucket that they are copied to, besides.
    pub(in crate::config) s3: Option<S3>,
    /// What `shipway backup prune` keeps. The last one that was proven by a restore always stays.
    pub(in crate::config) keep: Option<Keep>,
}

/// A bucket of a store that speaks S3. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, where
/// there is one, `AWS_SESSION_TOKEN` let Shipway in: variables of the shell or of `env_files`, or
/// secrets of these names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct S3 {
    /// The bucket's name.
    #[schemars(extend("examples" = ["backups"]))]
    pub(in crate::config) bucket: Placed<String>,
    /// A folder in it; each environment has one of its own in that.
    #[schemars(extend("x-default" = "the project's name", "examples" = ["of/the/shop"]))]
    pub(in crate::config) prefix: Option<Placed<String>>,
    /// Where the store is.
    #[schemars(extend("x-default" = "Amazon's, of the region", "examples" = ["https://s3.example.org"]))]
    pub(in crate::config) endpoint: Option<Placed<String>>,
    /// The store's region.
    #[schemars(extend("default" = default::S3_REGION))]
    pub(in crate::config) region: Option<String>,
}

/// How many backups are kept; days, weeks and months are those of UTC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Keep {
    /// The last ones, whenever they were made.
    #[schemars(extend("default" = default::KEEP.last))]
    pub(in crate::config) last: Option<u32>,
    /// The last one of each of so many days.
    #[schemars(extend("default" = default::KEEP.daily))]
    pub(in crate::config) daily: Option<u32>,
    /// The last one of each of so many weeks.
    #[schemars(extend("default" = default::KEEP.weekly))]
    pub(in crate::config) weekly: Option<u32>,
    /// The last one of each of so many months.
    #[schemars(extend("default" = default::KEEP.monthly))]
    pub(in crate::config) monthly: Option<u32>,
}
