//! The highest epoch that acted on a slot: a deposed lease holder is refused.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use shipway_pipeline::id::Epoch;

use super::layout::Layout;
use super::{files, lock};
use crate::{ColourKey, Error};

/// Records the epoch, unless a higher one is recorded.
pub(crate) async fn raise(layout: &Layout, key: &ColourKey, epoch: Epoch) -> Result<(), Error> {
    let slot = layout.slot(key);
    // Before the lock, which is in it: what is recorded shall outlast a loss of power.
    shipway_durable::make_directory(&slot).map_err(files::failed("make", &slot))?;
    let path = layout.operation_lock(key, "epoch");
    let _lock = lock::exclusive(&path)
        .await
        .map_err(files::failed("lock", &path))?;
    let path = slot.join("epoch");
    let recorded = read(&path).map_err(files::failed("read", &path))?;
    refuse_lower(key, epoch, recorded)?;
    if epoch > recorded {
        shipway_durable::replace(&path, epoch.to_string().as_bytes())
            .map_err(files::failed("write", &path))?;
    }
    Ok(())
}

/// Refuses an epoch that is lower than the recorded one.
///
/// A caller that was deposed after it had raised its epoch is caught by this under the lock of
/// each instance, which its successor takes after raising.
pub(crate) fn check(layout: &Layout, key: &ColourKey, epoch: Epoch) -> Result<(), Error> {
    let path = layout.slot(key).join("epoch");
    let recorded = read(&path).map_err(files::failed("read", &path))?;
    refuse_lower(key, epoch, recorded)
}

fn refuse_lower(key: &ColourKey, epoch: Epoch, recorded: Epoch) -> Result<(), Error> {
    if epoch >= recorded {
        return Ok(());
    }
    Err(Error::Start {
        instance: key.to_string(),
        reason: format!(
            "epoch {epoch} is older than epoch {recorded}: another deployment took over"
        ),
    })
}

fn read(path: &Path) -> io::Result<Epoch> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Epoch::default()),
        text => text?.trim().parse().map(Epoch).map_err(io::Error::other),
    }
}
