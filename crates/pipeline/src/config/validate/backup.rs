//! Backups, with every default filled in.

use super::Checker;
use crate::backup::{Keep, Schedule};
use crate::config::error::problem;
use crate::config::raw::{self, RecipientText};
use crate::config::tree::Placed;
use crate::config::{Backup, S3, default};
use crate::promotion::Zone;

impl Checker {
    /// Backups, and whether the file says that one comes before a deployment.
    pub(super) fn backup(&mut self, raw: raw::Backup) -> (Option<bool>, Backup) {
        let keep = raw.keep.unwrap_or_default();
        // The zone is looked at even where nothing needs it: it may be misspelt.
        let zone = self.zone(raw.time_zone.as_ref());
        let recipients = raw.recipients.unwrap_or_default().into_iter();
        let recipients: Vec<String> = recipients.map(|one| self.recipient(one)).collect();
        let backup = Backup {
            directory: raw.directory,
            before_deploy: raw.before_deploy.unwrap_or_default(),
            fresh: self.duration(raw.fresh, default::BACKUP_FRESH),
            timeout: self.duration(raw.timeout, default::BACKUP_TIMEOUT),
            encrypt: raw.encrypt.unwrap_or(false) || !recipients.is_empty(),
            recipients,
            schedule: self.schedule(raw.schedule, &zone),
            prove: self.schedule(raw.prove, &zone),
            s3: raw.s3.map(|s3| self.s3(s3)),
            keep: Keep {
                last: keep.last.unwrap_or(default::KEEP.last),
                daily: keep.daily.unwrap_or(default::KEEP.daily),
                weekly: keep.weekly.unwrap_or(default::KEEP.weekly),
                monthly: keep.monthly.unwrap_or(default::KEEP.monthly),
            },
        };
        (raw.before_deploy, backup)
    }

    fn schedule(&mut self, pattern: Option<Placed<String>>, zone: &Zone) -> Option<Schedule> {
        let pattern = pattern?;
        match Schedule::try_new(&pattern.value, zone.clone()) {
            Ok(schedule) => Some(schedule),
            Err(error) => {
                let help = "write minute, hour, day of the month, month and weekday, such as \
                            `30 3 * * *` for half past three each night";
                self.report(problem(pattern.span, error.to_string()).with_help(help));
                None
            }
        }
    }

    fn s3(&mut self, raw: raw::S3) -> S3 {
        let bucket = raw.bucket;
        if bucket.value.is_empty() || !bucket.value.chars().all(is_plain) {
            let told = format!("`{}` is no bucket's name", bucket.value);
            let help = "write its name alone; a folder in it is its `prefix`";
            self.report(problem(bucket.span, told).with_help(help));
        }
        if let Some(endpoint) = &raw.endpoint
            && !is_url(&endpoint.value)
        {
            let told = format!("`{}` is no URL of a store", endpoint.value);
            let help = "write it as `https://s3.example.org`";
            self.report(problem(endpoint.span, told).with_help(help));
        }
        if let Some(prefix) = &raw.prefix
            && !prefix.value.split('/').all(is_folder)
        {
            let told = format!("`{}` is no folder in a bucket", prefix.value);
            let help = "write letters, digits, `-`, `_` and `.`, with `/` between folders";
            self.report(problem(prefix.span, told).with_help(help));
        }
        S3 {
            bucket: bucket.value,
            prefix: raw.prefix.map(|prefix| prefix.value),
            endpoint: raw.endpoint.map(|endpoint| endpoint.value),
            region: raw.region.unwrap_or_else(|| default::S3_REGION.to_owned()),
        }
    }

    fn recipient(&mut self, raw: Placed<RecipientText>) -> String {
        let text = raw.value.0;
        let is_public = text.strip_prefix("age1").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !is_public {
            // It may be the secret half: it is not repeated.
            let told = problem(raw.span, "this is no recipient of age");
            let help = "write the public key, `age1…`, which `age-keygen -y` shows";
            self.report(told.with_help(help));
        }
        text
    }
}

fn is_url(text: &str) -> bool {
    let mut schemes = ["https://", "http://"].into_iter();
    schemes.any(|scheme| text.strip_prefix(scheme).is_some_and(|it| !it.is_empty()))
}

fn is_folder(name: &str) -> bool {
    name.chars().all(is_plain) && !matches!(name, "." | "..")
}

/// What every store takes as a part of a name.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::parse;

    fn file(top: &str, below: &str) -> String {
        format!(
            "project: app\n{top}\nenvironments:\n  staging:\n    route: {{listen: 1}}\n  \
             production:\n    route: {{listen: 2}}\n    {below}\n"
        )
    }

    #[test]
    fn a_backup_comes_before_deployments_that_want_a_name_typed() {
        let config = parse(&file("", "")).unwrap();
        let before: Vec<bool> = config
            .environments
            .values()
            .map(|environment| environment.backup.before_deploy)
            .collect();
        assert_eq!(before, [false, true]);
        let config = parse(&file("", "backup: { before_deploy: false }")).unwrap();
        assert!(!config.environments[1].backup.before_deploy);
    }

    #[test]
    fn an_environments_backups_are_in_place_of_the_projects() {
        let top = "backup: { directory: b, fresh: 1h, keep: { last: 2 }, recipients: [age1x] }";
        let config = parse(&file(top, "backup: { keep: { daily: 0 } }")).unwrap();
        let [staging, production] = [0, 1].map(|index| &config.environments[index].backup);
        assert_eq!(staging.directory.as_deref(), Some("b"));
        assert_eq!(staging.fresh, Duration::from_secs(3600));
        assert_eq!((staging.keep.last, staging.keep.daily), (2, 7));
        assert!(staging.encrypt);
        assert_eq!(production.directory, None);
        assert_eq!((production.keep.last, production.keep.daily), (7, 0));
        assert!(!production.encrypt);
    }

    #[test]
    fn a_schedule_is_checked_where_it_stands() {
        let good = "backup: { schedule: '30 3 * * 1-5', prove: '@weekly', \
                    time_zone: Europe/Berlin }";
        let config = parse(&file(good, "")).unwrap();
        let backup = &config.environments[0].backup;
        let shown = [&backup.schedule, &backup.prove].map(|one| one.as_ref().unwrap().to_string());
        assert_eq!(
            shown,
            ["30 3 * * 1-5 Europe/Berlin", "@weekly Europe/Berlin"]
        );
        for (bad, told) in [
            ("schedule: 'every night'", "no time that comes again"),
            ("prove: weekly", "no time that comes again"),
            (
                "schedule: '@daily', time_zone: Berlin",
                "there is no time zone `Berlin`",
            ),
            ("time_zone: Berlin", "there is no time zone `Berlin`"),
        ] {
            let problems = parse(&file(&format!("backup: {{ {bad} }}"), "")).unwrap_err();
            assert!(problems[0].message.contains(told), "{bad}: {problems:?}");
        }
    }

    #[test]
    fn a_bucket_is_checked_where_it_stands() {
        let good = "backup: { s3: { bucket: backups, endpoint: 'https://s3.example.org' } }";
        let config = parse(&file(good, "")).unwrap();
        let s3 = config.environments[0].backup.s3.as_ref().unwrap();
        assert_eq!(s3.bucket, "backups");
        assert_eq!(
            (s3.region.as_str(), s3.prefix.as_ref()),
            ("us-east-1", None)
        );
        for (bad, told) in [
            ("bucket: a/b", "`a/b` is no bucket's name"),
            ("bucket: ''", "`` is no bucket's name"),
            ("bucket: a, endpoint: s3.example.org", "no URL of a store"),
            ("bucket: a, endpoint: 'https://'", "no URL of a store"),
            ("bucket: a, prefix: ../b", "`../b` is no folder"),
        ] {
            let section = format!("backup: {{ s3: {{ {bad} }} }}");
            let problems = parse(&file(&section, "")).unwrap_err();
            assert!(problems[0].message.contains(told), "{bad}: {problems:?}");
        }
    }

    #[test]
    fn a_secret_key_is_no_recipient_and_is_not_repeated() {
        let problems = parse(&file("backup: { recipients: [AGE-SECRET-KEY-1X] }", ""));
        let problems = problems.unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(!problems[0].message.contains("SECRET"));
    }
}
