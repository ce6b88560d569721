//! A small backup for the tests of this module.

use super::{Backup, Contents, Reason, Source, VERSION};
use crate::id::BackupId;
use crate::time::Timestamp;

pub(super) fn backup() -> Backup {
    Backup {
        version: VERSION,
        id: BackupId(1),
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
        reason: Reason::Asked,
        by: "alice".to_owned(),
        created: Timestamp(0),
        millis: 5,
        release: None,
        directory: "/backups".to_owned(),
        files: vec![],
        recipients: vec![],
        source: Source::Sqlite {
            version: "3".to_owned(),
            bytes: 0,
        },
        contents: Contents::default(),
        uploaded: None,
        verified: None,
        proven: None,
    }
}
