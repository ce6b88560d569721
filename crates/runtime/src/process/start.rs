//! Starts instances.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use shipway_compose::model::Service;
use shipway_durable::crash_point;
use shipway_pipeline::id::InstanceId;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::time::timeout;

use super::launch::{self, Context};
use super::launcher::Mode;
use super::runtime::ProcessRuntime;
use super::spec::{self, Header, Spec};
use super::supervisor::parse_report;
use super::{artifact, files as own, list, stop, stop_signal};
use crate::clock;
use crate::state::{epoch, files, lock, stopping};
use crate::{ColourSpec, Error, FileContents};

/// A supervisor reports within milliseconds; only one that hangs takes this long.
const REPORT_PATIENCE: Duration = Duration::from_secs(60);

/// Starts every instance of the spec that does not run yet, all at the same time.
pub(super) async fn start(runtime: &ProcessRuntime, spec: &ColourSpec) -> Result<(), Error> {
    let mut instances = Vec::new();
    // Everything is checked before anything is started.
    for service in &spec.services {
        let artifact = artifact::directory_of(&runtime.layout, &spec.artifact, &service.name)?;
        check(runtime, spec, service, &artifact)?;
        for number in 1..=service.replicas {
            instances.push((instance_id(service, number)?, service, artifact.clone()));
        }
    }
    epoch::raise(&runtime.layout, &spec.key, spec.epoch).await?;
    let starts = instances
        .into_iter()
        .map(|(id, service, artifact)| start_one(runtime, spec, id, service, artifact));
    join_all(starts).await.into_iter().collect()
}

/// Refuses a service that no supervisor could run, and makes the volumes it mentions.
pub(super) fn check(
    runtime: &ProcessRuntime,
    spec: &ColourSpec,
    service: &Service,
    artifact: &Path,
) -> Result<(), Error> {
    let not_runnable = |reason: String| Error::NotRunnable {
        service: service.name.clone(),
        reason,
    };
    let volumes = runtime.layout.volumes(&spec.key.route);
    let context = Context {
        base: &caller_environment(),
        artifact,
        volumes: &volumes,
        files: Path::new(""),
        port: 0,
        release: &spec.release,
        slot: spec.key.slot,
        deployment: spec.deployment,
        name: &service.name,
        run: "",
    };
    launch::resolve(service, &context).map_err(not_runnable)?;
    if let Some(key) = own::missing(service, &spec.files) {
        return Err(not_runnable(format!(
            "the {} `{}` is missing",
            key.kind, key.name
        )));
    }
    if stop_signal::parse(&service.stop_signal).is_none() {
        let text = format!("its stop signal `{}` is not known", service.stop_signal);
        return Err(not_runnable(text));
    }
    for name in launch::volume_names(service) {
        let path = volumes.join(name);
        shipway_durable::make_directory(&path).map_err(files::failed("create", &path))?;
    }
    Ok(())
}

/// The caller's variables that every service gets.
pub(super) fn caller_environment() -> BTreeMap<String, String> {
    launch::base_environment(std::env::vars_os().filter_map(|(name, value)| {
        // A value that is no UTF-8 is none that a service should need.
        Some((name.into_string().ok()?, value.into_string().ok()?))
    }))
}

/// A name for one start that no other start has.
pub(super) fn run_name(directory: &Path) -> String {
    let text = format!(
        "{} {:?} {}",
        directory.display(),
        std::time::SystemTime::now(),
        std::process::id()
    );
    hex(&Sha256::digest(text))[..32].to_owned()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the search for an instance's port begins: the same for the same instance.
pub(super) fn port_hint(directory: &Path) -> u64 {
    let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |hint, byte| (hint << 8) | u64::from(*byte))
}

fn instance_id(service: &Service, number: u32) -> Result<InstanceId, Error> {
    let name = service.name.parse().map_err(|error| Error::NotRunnable {
        service: service.name.clone(),
        reason: format!("{error}"),
    })?;
    Ok(InstanceId {
        service: name,
        number,
    })
}

async fn start_one(
    runtime: &ProcessRuntime,
    spec: &ColourSpec,
    id: InstanceId,
    service: &Service,
    artifact: PathBuf,
) -> Result<(), Error> {
    let layout = &runtime.layout;
    let path = layout.operation_lock(&spec.key, &id.to_string());
    let _lock = lock::exclusive(&path)
        .await
        .map_err(files::failed("lock", &path))?;
    epoch::check(layout, &spec.key, spec.epoch)?;
    if stopping::is_under_way(layout, &spec.key, &id)? {
        stop::stop_locked(layout, &spec.key, &id).await?;
    }
    let directory = layout.instance(&spec.key, &id);
    let found = list::find(&directory).map_err(files::failed("read", &directory))?;
    if let Some(found) = found {
        let is_running = found.is_supervised && !found.has_ended();
        if is_running && found.header.deployment == spec.deployment {
            return Ok(());
        }
        stop::stop_locked(layout, &spec.key, &id).await?;
    }
    let supervised = supervised_spec(runtime, spec, &id, service, artifact);
    let staged = layout.staged_instance(&spec.key, &id);
    let lock = prepare(&directory, &staged, &supervised, &spec.files)
        .map_err(files::failed("prepare", &directory))?;
    let report = launch(runtime, &directory, lock, &supervised).await;
    report
        .unwrap_or_else(|error| Err(format!("no supervisor: {error}")))
        .map_err(|reason| Error::Start {
            instance: id.to_string(),
            reason,
        })
}

fn supervised_spec(
    runtime: &ProcessRuntime,
    spec: &ColourSpec,
    id: &InstanceId,
    service: &Service,
    artifact: PathBuf,
) -> Spec {
    let directory = runtime.layout.instance(&spec.key, id);
    Spec {
        header: Header {
            version: spec::VERSION,
            id: id.clone(),
            release: spec.release.clone(),
            deployment: spec.deployment,
            epoch: spec.epoch,
            run: run_name(&directory),
            stop_grace_period: service.stop_grace_period,
        },
        slot: spec.key.slot,
        launcher: runtime.launcher.clone(),
        base: caller_environment(),
        artifact,
        volumes: runtime.layout.volumes(&spec.key.route),
        files: directory.join(own::FOLDER),
        port_hint: port_hint(&directory),
        log: runtime.log_limits,
        service: service.clone(),
    }
}

/// Makes the instance's directory appear complete and with its lock held, or not at all.
pub(super) fn prepare(
    directory: &Path,
    staged: &Path,
    spec: &Spec,
    contents: &FileContents,
) -> io::Result<File> {
    // Under the operation lock, so what stands there was left by a crash, in a removal or here.
    files::remove_tree(staged)?;
    files::remove_tree(directory)?;
    files::create_private_directory(staged)?;
    spec.write(staged)?;
    own::write(&staged.join(own::FOLDER), &spec.service, contents)?;
    let lock = lock::try_lock_file(&staged.join("lock"))?;
    let lock = lock.ok_or_else(|| io::Error::other("somebody locked a new file"))?;
    crash_point::pass("an instance's directory is complete and has no name yet");
    shipway_durable::rename(staged, directory)?;
    Ok(lock)
}

async fn launch(
    runtime: &ProcessRuntime,
    directory: &Path,
    lock: File,
    spec: &Spec,
) -> io::Result<Result<(), String>> {
    let (reader, writer) = io::pipe()?;
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(directory.join("log"))?;
    {
        // The command holds copies of lock and pipe; they must be gone before anybody waits.
        let mut command = runtime.launcher.command(Mode::Detach, &spec.base);
        command
            .arg(directory)
            .stdin(Stdio::from(lock))
            .stdout(Stdio::from(writer))
            .stderr(Stdio::from(log))
            .current_dir("/");
        Command::from(command).spawn()?.wait().await?;
    }
    crash_point::pass("a supervisor was launched and has not reported yet");
    let mut report = Vec::new();
    let mut reader = pipe::Receiver::from_owned_fd(reader.into())?;
    let Ok(read) = timeout(REPORT_PATIENCE, reader.read_to_end(&mut report)).await else {
        return Ok(Err(format!(
            "its supervisor did not report within {REPORT_PATIENCE:?} (since {:?})",
            clock::now()
        )));
    };
    read?;
    Ok(parse_report(&String::from_utf8_lossy(&report)))
}
