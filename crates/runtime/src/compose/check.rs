//! Checks of a commit in a container of the image that was built of it.
//!
//! The command sees the image's own tree, as it will run, and nothing of this host. What it reports
//! is read out of the container afterwards. The container is removed however the check ends: when
//! it is over, when whoever waits gives up, and, where the caller was killed, before the next check.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder,
    ListContainersOptionsBuilder,
};
use futures_util::StreamExt as _;
use shipway_pipeline::gate::{Ended, Evidence};
use shipway_pipeline::name::ProjectName;
use tokio::time::timeout;

use super::access::connect;
use super::engine::{failed, is_missing, reason};
use super::runtime::ComposeRuntime;
use super::{label, list, stop, task};
use crate::check::{Check, ended};
use crate::state::files;
use crate::{Error, Output};

/// Of containers of checks only: the project.
const LABEL: &str = "shipway.check";

/// The lock that whoever waits for the check holds.
const LOCK: &str = "shipway.check.lock";

/// Longer reports are no reports.
const LARGEST_REPORT: usize = 64 << 20;

// === impl ComposeRuntime ===

impl ComposeRuntime {
    /// Runs a check to its end, in a container of an image of a project that is gone afterwards.
    ///
    /// A crash leaves the container running; the next check removes it.
    ///
    /// # Errors
    /// The engine does not answer, or the image is not there.
    pub async fn check(
        &self,
        project: &ProjectName,
        image: &str,
        check: &Check,
        output: Output<'_>,
    ) -> Result<Evidence, Error> {
        let docker = self.docker()?;
        remove_abandoned(docker, project).await?;
        let held = Held::new(self, &check.name)?;
        create(docker, (project, image), check, &held).await?;
        let ended = run(docker, check, output).await?;
        let directory = directory(docker, &check.name).await?;
        let mut reports = read(docker, check, &directory, &check.baselines).await?;
        let written = changed(docker, &check.name).await?;
        let is_new = |path: &&String| written.contains(&directory.join(path));
        let new: Vec<String> = check.reports.iter().filter(is_new).cloned().collect();
        reports.extend(read(docker, check, &directory, &new).await?);
        stop::remove(docker, &check.name, true).await?;
        held.finish();
        Ok(Evidence { ended, reports })
    }
}

/// Removes what checks left whose callers were killed.
async fn remove_abandoned(docker: &Docker, project: &ProjectName) -> Result<(), Error> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("{LABEL}={project}")])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters);
    let found = docker.list_containers(Some(options.build())).await;
    for container in found.map_err(failed("list the containers of checks"))? {
        let labels = container.labels.unwrap_or_default();
        let (Some(id), Some(lock)) = (container.id, labels.get(LOCK)) else {
            continue;
        };
        if is_abandoned(Path::new(lock)) {
            stop::remove(docker, &id, true).await?;
            let _ = std::fs::remove_file(lock);
        }
    }
    Ok(())
}

/// Whether nobody waits for a check any more. A lock that is not there may be another machine's:
/// engines can be shared.
fn is_abandoned(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|file| file.try_lock().is_ok())
}

async fn create(
    docker: &Docker,
    (project, image): (&ProjectName, &str),
    check: &Check,
    held: &Held,
) -> Result<(), Error> {
    let variables = check.variables.iter();
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(["/bin/sh", "-c"].map(str::to_owned).into()),
        cmd: Some(vec![check.command.clone()]),
        env: Some(
            variables
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        labels: Some(HashMap::from([
            (LABEL.to_owned(), project.to_string()),
            (label::PROJECT.to_owned(), project.to_string()),
            (LOCK.to_owned(), held.lock.display().to_string()),
        ])),
        host_config: Some(HostConfig {
            // Whatever the command leaves behind is reaped, and signals reach it.
            init: Some(true),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let name = &check.name;
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    let created = docker.create_container(Some(options), body).await;
    created
        .map(drop)
        .map_err(failed(format!("make the container `{name}`")))
}

async fn run(docker: &Docker, check: &Check, output: Output<'_>) -> Result<Ended, Error> {
    let name = &check.name;
    if let Err(error) = docker.start_container(name, None).await {
        // An image without a shell, for one.
        return Ok(Ended::NotStarted(reason(error)));
    }
    match timeout(check.deadline, task::follow(docker, name, output)).await {
        Ok(exit) => Ok(ended(exit?)),
        Err(_) => {
            let killed = docker.kill_container(name, None).await;
            // It may have ended meanwhile.
            drop(killed);
            Ok(Ended::Deadline)
        }
    }
}

/// The directory in which the command runs.
async fn directory(docker: &Docker, name: &str) -> Result<PathBuf, Error> {
    let container = list::inspect(docker, name).await?;
    let directory = container.and_then(|container| container.config?.working_dir);
    Ok(Path::new("/").join(directory.unwrap_or_default()))
}

/// What the command wrote or changed.
async fn changed(docker: &Docker, name: &str) -> Result<BTreeSet<PathBuf>, Error> {
    let changes = docker.container_changes(name).await;
    let changes = changes.map_err(failed(format!("see what changed in `{name}`")))?;
    let paths = changes.into_iter().flatten().map(|one| one.path.into());
    Ok(paths.collect())
}

/// The reports that are there. One that is no file, or far too long, is as good as none.
async fn read(
    docker: &Docker,
    check: &Check,
    directory: &Path,
    paths: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    let mut reports = BTreeMap::new();
    for path in paths {
        let from = directory.join(path);
        let from = from.to_string_lossy();
        if let Some(packed) = download(docker, &check.name, &from).await? {
            reports.extend(unpack(&packed).map(|text| (path.clone(), text)));
        }
    }
    Ok(reports)
}

async fn download(docker: &Docker, name: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
    let options = DownloadFromContainerOptionsBuilder::new()
        .path(path)
        .build();
    let mut stream = std::pin::pin!(docker.download_from_container(name, Some(options)));
    let mut packed = Vec::new();
    while let Some(part) = stream.next().await {
        match part {
            Ok(part) => packed.extend_from_slice(&part),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed(format!("read `{path}` of `{name}`"))(error)),
        }
        if packed.len() > LARGEST_REPORT {
            return Ok(None);
        }
    }
    Ok(Some(packed))
}

/// The one file of an archive.
fn unpack(packed: &[u8]) -> Option<String> {
    let mut archive = tar::Archive::new(packed);
    let mut entry = archive.entries().ok()?.next()?.ok()?;
    if !entry.header().entry_type().is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The container of a check for as long as somebody waits for it.
struct Held {
    lock: PathBuf,
    /// The kernel gives it back when its holder dies, however it dies.
    _file: File,
    name: String,
    /// Where the engine is; none when the check is over.
    engine: Option<String>,
}

// === impl Held ===

impl Held {
    fn new(runtime: &ComposeRuntime, name: &str) -> Result<Self, Error> {
        let lock = runtime.layout.check_lock(name);
        let take = || -> io::Result<File> {
            if let Some(folder) = lock.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).write(true).mode(0o600);
            let file = options.open(&lock)?;
            file.lock()?;
            Ok(file)
        };
        let file = take().map_err(files::failed("lock", &lock))?;
        Ok(Self {
            lock,
            _file: file,
            name: name.to_owned(),
            engine: Some(runtime.address()?.to_owned()),
        })
    }

    /// The container is gone already.
    fn finish(mut self) {
        self.engine = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            let name = self.name.clone();
            // Whoever waited gave up: what drives their tasks may be about to end, so that it is
            // done by a thread, over a connection of its own.
            let removal = std::thread::spawn(move || remove(&engine, &name));
            if !matches!(removal.join(), Ok(Some(()))) {
                // Its lock says before the next check that it is to go.
                return;
            }
        }
        let _ = std::fs::remove_file(&self.lock);
    }
}

fn remove(engine: &str, name: &str) -> Option<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().ok()?;
    runtime.block_on(async {
        let docker = connect(engine).ok()?;
        stop::remove(&docker, name, true).await.ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_somebody_holds_or_that_is_elsewhere_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("check.lock");
        assert!(!is_abandoned(&path));
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        assert!(!is_abandoned(&path));
        drop(file);
        assert!(is_abandoned(&path));
    }

    #[test]
    fn a_report_is_the_one_file_of_an_archive() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, "junit.xml", "text".as_bytes())
            .unwrap();
        let packed = archive.into_inner().unwrap();
        assert_eq!(unpack(&packed).as_deref(), Some("text"));
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_entry_type(tar::EntryType::Directory);
        archive
            .append_data(&mut header, "reports/", io::empty())
            .unwrap();
        assert_eq!(unpack(&archive.into_inner().unwrap()), None);
        assert_eq!(unpack(b"no archive"), None);
    }
}
