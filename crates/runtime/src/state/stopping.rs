//! Which instances are being stopped.
//!
//! Whoever stops one may die while it ends: it has been told to, and ends for all that. Until then
//! it runs, and nothing of itself shows that it will not for long. So a note is made before it is
//! told, and whoever is to start it finishes the stop first.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use shipway_durable::crash_point;
use shipway_pipeline::id::InstanceId;

use super::files;
use super::layout::Layout;
use crate::{ColourKey, Error};

/// Notes that an instance is about to be told to stop. A loss of power may take the note away: it
/// ends the instance as well.
pub(crate) fn begin(layout: &Layout, key: &ColourKey, id: &InstanceId) -> Result<(), Error> {
    let path = layout.stopping(key, id);
    make(&path).map_err(files::failed("write", &path))?;
    crash_point::pass("an instance is about to be told to stop");
    Ok(())
}

/// Whether somebody was about to stop an instance, and nobody has seen that it is gone.
pub(crate) fn is_under_way(
    layout: &Layout,
    key: &ColourKey,
    id: &InstanceId,
) -> Result<bool, Error> {
    let path = layout.stopping(key, id);
    path.try_exists().map_err(files::failed("look for", &path))
}

/// Forgets an instance that is gone.
pub(crate) fn done(layout: &Layout, key: &ColourKey, id: &InstanceId) -> Result<(), Error> {
    let path = layout.stopping(key, id);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(files::failed("remove", &path)(error))
        }
        _ => Ok(()),
    }
}

fn make(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        files::create_private_directory(directory)?;
    }
    File::create(path).map(drop)
}
