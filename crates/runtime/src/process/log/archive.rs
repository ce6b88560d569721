//! Logs of instances that were stopped.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use shipway_pipeline::id::DeploymentId;

use super::rotate;
use crate::clock;
use crate::state::files;

/// Of a stopped instance's log the last MiB is kept: enough to tell why it was stopped.
const KEPT_BYTES: u64 = 1024 * 1024;

/// Logs kept per instance name: the deployments that somebody still asks about.
const KEPT_FILES: usize = 5;

/// Moves the last part of an instance's log to where old logs are kept.
pub(crate) fn archive(
    instance: &Path,
    old_logs: &Path,
    deployment: DeploymentId,
) -> io::Result<()> {
    let mut content = last_bytes(&rotate::path(instance, 0), KEPT_BYTES)?;
    let missing = KEPT_BYTES.saturating_sub(content.len() as u64);
    if missing > 0 {
        let mut older = last_bytes(&rotate::path(instance, 1), missing)?;
        older.append(&mut content);
        content = older;
    }
    if content.is_empty() {
        return Ok(());
    }
    files::create_private_directory(old_logs)?;
    // 13 digits until the year 2286: names sort by time.
    let name = format!("{:013}-{deployment}.log", clock::now().0);
    shipway_durable::replace_unsynced(&old_logs.join(name), &content)?;
    drop_oldest(old_logs)
}

/// The newest log kept of an instance that is gone.
pub(crate) fn newest_archived(old_logs: &Path) -> io::Result<Option<PathBuf>> {
    let names = files::names_in(old_logs)?;
    Ok(names.last().map(|name| old_logs.join(name)))
}

fn last_bytes(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(count)))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn drop_oldest(old_logs: &Path) -> io::Result<()> {
    let (names, killed): (Vec<_>, Vec<_>) = files::names_in(old_logs)?
        .into_iter()
        .partition(|name| !name.starts_with('.'));
    // Whoever wrote one of these was killed, and nobody writes that name again.
    for name in killed {
        fs::remove_file(old_logs.join(name))?;
    }
    let surplus = names.len().saturating_sub(KEPT_FILES);
    for name in names.iter().take(surplus) {
        fs::remove_file(old_logs.join(name))?;
    }
    Ok(())
}
