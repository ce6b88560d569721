//! The file that carries the routing table over a restart.
//!
//! The present file gets a second name, `routes.json.previous`, and a change is
//! then written beside it, synced, and renamed over it. Whatever instant the
//! power fails, `routes.json` is there, whole, with every change that was
//! acknowledged; the one before is for a disk that breaks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipway_durable::temporary_of;
use shipway_pipeline::id::{Epoch, Generation};
use shipway_pipeline::route::{Route, RouteKey};

use crate::control::Closure;
use crate::options::Paths;

/// Raised when a field is added; a file of a higher version is not read.
const VERSION: u32 = 4;

/// What a file says that has rules or what is closed, and no certificates that are issued.
const WITH_RULES: u32 = 3;

/// What a file says that has certificates, and neither rules nor what is closed.
const WITH_TLS: u32 = 2;

/// What a file says that has nothing of what came later: an older program may read it.
const FIRST: u32 = 1;

/// What survives a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) routes: Vec<Route>,
    pub(crate) removed: Vec<Removed>,
    pub(crate) shut: Vec<Shut>,
}

/// A route that is closed for maintenance; what is put for it does not open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shut {
    pub(crate) key: RouteKey,
    pub(crate) closure: Closure,
}

/// What remains of a removed route, so that a deposed holder cannot put it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removed {
    pub(crate) key: RouteKey,
    pub(crate) epoch: Epoch,
    pub(crate) generation: Generation,
}

/// Why the table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither the newest file nor the one before it can be read.
    #[error("neither `{newest}` nor the one before it can be read")]
    Unreadable {
        /// The newest.
        newest: PathBuf,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// The table could not be written.
    #[error("could not write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    routes: Vec<Route>,
    #[serde(default)]
    removed: Vec<Removed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shut: Vec<Shut>,
}

/// Reads the newest table that can be read; an empty one where none was ever written.
pub(crate) fn load(paths: &Paths) -> Result<State, Error> {
    let unreadable = |source| Error::Unreadable {
        newest: paths.routes(),
        source,
    };
    let newest = match read(&paths.routes()) {
        Ok(Some(state)) => return Ok(state),
        // An older version renamed both, and may have been killed in between.
        Ok(None) => None,
        Err(source) => Some(source),
    };
    match (read(&paths.previous()), newest) {
        (Ok(None), None) => Ok(State::default()),
        (Ok(Some(state)), newest) => {
            tracing::warn!(
                path = %paths.routes().display(),
                error = newest.map(|error| error.to_string()),
                "the newest routing table cannot be read; the one before it is used",
            );
            // Put aside, or the next change would make it the one before.
            let broken = paths.dir().join("routes.json.broken");
            if let Err(error) = fs::rename(paths.routes(), broken) {
                tracing::debug!(%error, "no broken routing table was put aside");
            }
            Ok(state)
        }
        (_, Some(source)) | (Err(source), None) => Err(unreadable(source)),
    }
}

/// Writes the table; when this returns, it survives a power failure.
pub(crate) fn save(paths: &Paths, state: &State) -> Result<(), Error> {
    let target = paths.routes();
    replace(paths, state).map_err(|source| Error::Write {
        path: target,
        source,
    })
}

fn replace(paths: &Paths, state: &State) -> io::Result<()> {
    let stored = Stored {
        version: version_of(state),
        routes: state.routes.clone(),
        removed: state.removed.clone(),
        shut: state.shut.clone(),
    };
    // A second name, so that there is no moment without a table, whatever is lost of the names.
    let previous = temporary_of(&paths.previous());
    shipway_durable::remove(&previous)?;
    match shipway_durable::hard_link(&paths.routes(), &previous) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        linked => {
            linked?;
            shipway_durable::rename(&previous, &paths.previous())?;
            // Where both are the same file already, the rename does nothing.
            shipway_durable::remove(&previous)?;
        }
    }
    shipway_durable::replace(&paths.routes(), &serde_json::to_vec_pretty(&stored)?)
}

/// The lowest version that has all of it, so that an older program reads what it can.
fn version_of(state: &State) -> u32 {
    let has_rules =
        !state.shut.is_empty() || state.routes.iter().any(|route| !route.rules.is_empty());
    let has_tls = state.routes.iter().any(|route| route.tls.is_some());
    let mut all = state.routes.iter().filter_map(|route| route.tls.as_ref());
    let is_issued = all.any(|tls| tls.certificate.acme().is_some());
    match (is_issued, has_rules, has_tls) {
        (true, _, _) => VERSION,
        (false, true, _) => WITH_RULES,
        (false, false, true) => WITH_TLS,
        (false, false, false) => FIRST,
    }
}

fn read(path: &Path) -> io::Result<Option<State>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let stored: Stored = serde_json::from_slice(&text)?;
    if stored.version > VERSION {
        return Err(io::Error::other(format!(
            "it has version {}, this program knows {VERSION}",
            stored.version
        )));
    }
    Ok(Some(State {
        routes: stored.routes,
        removed: stored.removed,
        shut: stored.shut,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(epoch: u64) -> State {
        State {
            routes: vec![],
            removed: vec![Removed {
                key: RouteKey {
                    project: "shop".parse().unwrap(),
                    environment: "production".parse().unwrap(),
                },
                epoch: Epoch(epoch),
                generation: Generation(1),
            }],
            shut: vec![],
        }
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new(dir.path());
        assert_eq!(load(&paths).unwrap(), State::default());
        save(&paths, &removed(1)).unwrap();
        save(&paths, &removed(2)).unwrap();
        assert_eq!(load(&paths).unwrap(), removed(2));
    }

    #[test]
    fn the_previous_table_stands_in_for_a_torn_or_missing_one() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new(dir.path());
        save(&paths, &removed(1)).unwrap();
        save(&paths, &removed(2)).unwrap();
        fs::write(paths.routes(), "{\"version\": 1, \"rou").unwrap();
        assert_eq!(load(&paths).unwrap(), removed(1));
        // The torn one was put aside, so this is also the case of a missing one.
        assert!(!paths.routes().exists());
        assert_eq!(load(&paths).unwrap(), removed(1));
        save(&paths, &removed(3)).unwrap();
        assert_eq!(load(&paths).unwrap(), removed(3));
    }

    #[cfg(debug_assertions)]
    #[test]
    fn a_table_that_was_acknowledged_outlasts_every_loss_of_power() {
        use shipway_durable::power;

        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        let paths = Paths::new(&disk);
        fs::create_dir(&disk).unwrap();
        let recording = power::record(&disk, || {
            for epoch in 1..=3 {
                save(&paths, &removed(epoch)).map_err(io::Error::other)?;
                power::acknowledge(epoch);
            }
            io::Result::Ok(())
        });
        let looked = recording
            .unwrap()
            .each_loss(&home.path().join("lost"), |loss| {
                let paths = Paths::new(loss.directory);
                let found = load(&paths).unwrap();
                let epoch = found.removed.first().map_or(0, |removed| removed.epoch.0);
                assert!(epoch >= loss.acknowledged, "{loss:?}: {found:?}");
                // Whatever was left lying about, the proxy goes on from there.
                save(&paths, &removed(9)).unwrap();
                assert_eq!(load(&paths).unwrap(), removed(9));
            });
        assert!(looked.unwrap() > 100);
    }

    #[test]
    fn a_table_that_cannot_be_read_is_never_taken_for_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new(dir.path());
        fs::write(paths.routes(), "nonsense").unwrap();
        assert!(matches!(load(&paths), Err(Error::Unreadable { .. })));
        fs::write(paths.routes(), "{\"version\": 99, \"routes\": []}").unwrap();
        assert!(matches!(load(&paths), Err(Error::Unreadable { .. })));
    }
}
