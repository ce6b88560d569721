//! One build from its request to its artifact.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use shipway_compose::process::BuildStep;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::super::artifact::{self, Record};
use super::super::orphan;
use super::super::runtime::ProcessRuntime;
use super::step::Builder;
use super::{cache, digest, environment, key};
use crate::export;
use crate::state::{files, lock};
use crate::{Artifact, BuildRequest, Error, Form, Output};

/// In place of a deadline that no clock can tell: longer than any machine runs.
const ENDLESS: Duration = Duration::from_secs(u32::MAX as u64);

/// Builds what the services run, or finds it built.
pub(in super::super) async fn build(
    runtime: &ProcessRuntime,
    request: &BuildRequest,
    output: Output<'_>,
) -> Result<Artifact, Error> {
    // Instants end; a deadline beyond that is none.
    let deadline = Instant::now()
        .checked_add(request.deadline)
        .unwrap_or_else(|| Instant::now() + ENDLESS);
    let tree = export::tree_id(&request.into()).await?;
    let mut digests = BTreeMap::new();
    for (steps, services) in definitions(request)? {
        let digest = build_one(runtime, request, &tree, steps, deadline, output).await?;
        for service in services {
            digests.insert(service.to_owned(), format!("sha256:{digest}"));
        }
    }
    Ok(Artifact {
        form: Form::Directory,
        digests,
        platforms: Vec::new(),
    })
}

/// Steps, and the services that are built by them.
type Definition<'a> = (&'a [BuildStep], Vec<&'a str>);

/// The services by how they are built: what is built alike is built once.
fn definitions(request: &BuildRequest) -> Result<Vec<Definition<'_>>, Error> {
    let mut definitions: Vec<Definition<'_>> = Vec::new();
    for service in &request.services {
        let process = service.process.as_ref().ok_or_else(|| Error::NotRunnable {
            service: service.name.clone(),
            reason: "it has no `x-shipway.process`".to_owned(),
        })?;
        let steps = process.build.as_slice();
        match definitions.iter_mut().find(|(known, _)| *known == steps) {
            Some((_, services)) => services.push(&service.name),
            None => definitions.push((steps, vec![&service.name])),
        }
    }
    Ok(definitions)
}

async fn build_one(
    runtime: &ProcessRuntime,
    request: &BuildRequest,
    tree: &str,
    steps: &[BuildStep],
    deadline: Instant,
    output: Output<'_>,
) -> Result<String, Error> {
    let layout = &runtime.layout;
    let key = key::of_artifact(tree, steps);
    let directory = layout.artifact(&key);
    let lock = layout.artifacts().join(format!("{key}.lock"));
    let _lock = timeout_at(deadline, lock::exclusive(&lock))
        .await
        .map_err(|_| too_late(request))?
        .map_err(files::failed("lock", &lock))?;
    let present = Record::read(layout, &key).map_err(files::failed("read", &directory))?;
    if let Some(record) = present {
        record
            .link(layout, &key)
            .map_err(files::failed("link to", &directory))?;
        return Ok(record.digest);
    }
    let builder = Builder {
        runtime,
        tree: artifact::tree(layout, &key),
        tree_id: tree.to_owned(),
        environment: environment::of_caller(&key),
        deadline,
        whole: request.deadline,
    };
    // The steps of a builder that died are killed by their guard, though perhaps not yet.
    orphan::sweep(&environment::run_name(&key), None)
        .await
        .map_err(files::failed("clean up", &directory))?;
    let fresh = || {
        files::remove_tree(&directory)?;
        files::create_private_directory(&builder.tree)
    };
    fresh().map_err(files::failed("create", &directory))?;
    export::export(&request.into(), tree, &builder.tree).await?;
    let cached = run_steps(&builder, steps, output).await?;
    let digest = seal(&builder.tree).await?;
    let record = Record::new(digest, request.commit.clone(), cached);
    record
        .link(layout, &key)
        .and_then(|()| record.write(layout, &key))
        .map_err(files::failed("record", &directory))?;
    Ok(record.digest)
}

fn too_late(request: &BuildRequest) -> Error {
    Error::Deadline {
        what: "another build of the same artifact".to_owned(),
        after: request.deadline,
    }
}

async fn run_steps(
    builder: &Builder<'_>,
    steps: &[BuildStep],
    output: Output<'_>,
) -> Result<Vec<String>, Error> {
    let mut cached = Vec::new();
    for step in steps {
        match &step.output {
            Some(name) => cached.push(cache::provide(builder, step, name, output).await?),
            None => builder.run(step, None, output).await?,
        }
    }
    Ok(cached)
}

/// Makes the tree read-only and durable, and gives its digest.
async fn seal(tree: &Path) -> Result<String, Error> {
    let path = tree.to_owned();
    let work = spawn_blocking(move || {
        make_read_only(&path)?;
        let digest = digest::of_tree(&path)?;
        make_durable(&path)?;
        Ok(digest)
    });
    let sealed = work
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    sealed.map_err(files::failed("seal", tree))
}

/// Takes the right to write away from everybody.
pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            make_read_only(&entry?.path())?;
        }
    }
    let mode = metadata.permissions().mode() & 0o7555;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// One call for the file system instead of one for each of thousands of files.
pub(super) fn make_durable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(path)?)?)
}
