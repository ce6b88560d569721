//! What this runtime finds after a loss of power, in every state that the disk may be in.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::getpid;
use shipway_compose::model::Service;
use shipway_durable::power::{self, Loss};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::secret::SecretValue;

use super::artifact::Record;
use super::identity::Identity;
use super::launcher::Launcher;
use super::list;
use super::log::Limits;
use super::spec::{self, Header, Spec};
use super::start::prepare;
use super::status::Status;
use crate::state::epoch;
use crate::state::layout::Layout;
use crate::state::secret_file::{self, Access};
use crate::{ColourKey, Exit, FileContents, State, clock};

fn key() -> ColourKey {
    ColourKey {
        route: shipway_pipeline::route::RouteKey {
            project: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
        },
        slot: Slot::Blue,
    }
}

/// Looks at everything that may be found of what was done; returns how many states that were.
#[track_caller]
fn look(body: impl FnOnce(&Path) -> io::Result<()>, found: impl FnMut(&Loss<'_>)) -> usize {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let disk = disk.canonicalize().unwrap();
    let recording = power::record(&disk, || body(&disk)).unwrap();
    recording
        .each_loss(&home.path().join("lost"), found)
        .unwrap()
}

/// Nobody else has a lock, so there is nothing to wait for.
fn now<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

fn raise(state: &Path, epoch: u64) -> Result<(), crate::Error> {
    let layout = Layout::of_directory(state)?;
    now(epoch::raise(&layout, &key(), Epoch(epoch)))
}

#[test]
fn a_deposed_holder_stays_deposed() {
    let raise_twice = |disk: &Path| {
        for epoch in [1, 2] {
            raise(disk, epoch).map_err(io::Error::other)?;
            power::acknowledge(epoch);
        }
        Ok(())
    };
    let count = look(raise_twice, |loss| {
        if let Some(older) = loss.acknowledged.checked_sub(1).filter(|older| *older > 0) {
            assert!(raise(loss.directory, older).is_err(), "{loss:?}");
        }
        raise(loss.directory, 2).unwrap();
        assert!(raise(loss.directory, 1).is_err(), "{loss:?}");
        // What the writer left that lost its power is taken over or gone.
        let slot = Layout::of_directory(loss.directory).unwrap().slot(&key());
        raise(loss.directory, 3).unwrap();
        let names = crate::state::files::names_in(&slot).unwrap();
        assert_eq!(names, [".locks", "epoch"]);
    });
    assert!(count > 10, "{count}");
}

fn spec(directory: &Path) -> Spec {
    Spec {
        header: Header {
            version: spec::VERSION,
            id: "web-1".parse().unwrap(),
            release: "r0123456789ab".parse().unwrap(),
            deployment: DeploymentId(1),
            epoch: Epoch(1),
            run: "run".to_owned(),
            stop_grace_period: std::time::Duration::from_secs(1),
        },
        slot: Slot::Blue,
        launcher: Launcher::new("shipway", ["supervise"]),
        base: [].into(),
        artifact: directory.to_owned(),
        volumes: directory.to_owned(),
        files: directory.to_owned(),
        port_hint: 0,
        log: Limits { bytes: 1, files: 1 },
        service: Service::default(),
    }
}

#[test]
fn an_instance_is_whole_or_not_there() {
    let start = |disk: &Path| {
        let directory = disk.join("web-1");
        let spec = spec(&directory);
        prepare(
            &directory,
            &disk.join(".new-web-1"),
            &spec,
            &FileContents::new(),
        )?;
        let mut status = Status::new(Identity::of(getpid()).unwrap(), 4000);
        status.write(&directory)?;
        status.state = State::Exited {
            exit: Exit::Code(0),
            at: clock::now(),
        };
        status.write(&directory)
    };
    let count = look(start, |loss| {
        let directory = loss.directory.join("web-1");
        let found = list::find(&directory).unwrap();
        if let Some(found) = &found {
            assert_eq!(found.header.run, "run");
            assert!(!found.is_supervised);
            // What it says of its processes may be lost with them, and is never misread.
            assert!(
                found
                    .status
                    .as_ref()
                    .is_none_or(|status| status.port == 4000)
            );
            assert!(Spec::read(&directory).is_ok(), "{loss:?}");
        }
        // Whatever is left, it is started anew.
        let staged = loss.directory.join(".new-web-1");
        prepare(&directory, &staged, &spec(&directory), &FileContents::new()).unwrap();
        assert!(list::find(&directory).unwrap().is_some() && !staged.exists());
    });
    assert!(count > 50, "{count}");
}

#[test]
fn a_secret_that_is_there_is_whole() {
    let value = SecretValue::new(b"hunter2".to_vec());
    let access = Access {
        mode: 0o444,
        ..Access::PRIVATE
    };
    let path = Path::new("files/d1/key");
    let write = |disk: &Path| {
        secret_file::write(&disk.join(path), &value, access)?;
        power::acknowledge(1);
        Ok(())
    };
    let count = look(write, |loss| {
        let path = loss.directory.join(path);
        match fs::read(&path) {
            Ok(found) => assert_eq!(found, b"hunter2", "{loss:?}"),
            Err(error) => assert!(loss.acknowledged == 0, "{loss:?}: {error}"),
        }
        secret_file::write(&path, &value, access).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"hunter2");
    });
    assert!(count > 10, "{count}");
}

#[test]
fn an_artifact_that_was_built_is_found_by_its_digest() {
    let digest = "ab".repeat(32);
    let build = |disk: &Path| {
        let layout = Layout::of_directory(disk).map_err(io::Error::other)?;
        // The tree itself is on disk by then: the whole file system is synced.
        shipway_durable::make_directory(&layout.artifact("key").join("tree"))?;
        let record = Record::new(digest.clone(), "0".repeat(40), vec![]);
        record.link(&layout, "key")?;
        record.write(&layout, "key")?;
        power::acknowledge(1);
        Ok(())
    };
    let count = look(build, |loss| {
        let layout = Layout::of_directory(loss.directory).unwrap();
        let found = super::artifact::find(&layout, &format!("sha256:{digest}")).unwrap();
        assert!(found.is_some() || loss.acknowledged == 0, "{loss:?}");
    });
    assert!(count > 10, "{count}");
}
