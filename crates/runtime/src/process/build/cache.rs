//! Outputs of steps that are made once for the same inputs.
//!
//! An output is made where it stays, since a virtual environment cannot be moved, and linked into
//! the artifacts by a relative link, so that an artifact's digest does not depend on where the
//! state directory is.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use shipway_compose::process::BuildStep;
use tokio::process::Command;
use tokio::task::spawn_blocking;
use tokio::time::{timeout, timeout_at};

use super::super::{artifact, orphan};
use super::digest;
use super::key::Key;
use super::step::{Builder, Made, failed};
use super::steps::{make_durable, make_read_only};
use crate::state::{files, lock};
use crate::{Error, Output};

/// An interpreter tells its version within milliseconds.
const VERSION_PATIENCE: Duration = Duration::from_secs(20);

/// Makes the step's output, or finds it made, and links to it; returns its key.
pub(super) async fn provide(
    builder: &Builder<'_>,
    step: &BuildStep,
    name: &str,
    output: Output<'_>,
) -> Result<String, Error> {
    let name = inside(step, name)?;
    let key = key(builder, step).await?;
    let directory = builder.runtime.layout.cache().join(&key);
    let lock = directory.with_extension("lock");
    let _lock = timeout_at(builder.deadline, lock::exclusive(&lock))
        .await
        .map_err(|_| failed(step, "another build makes the same output".to_owned()))?
        .map_err(files::failed("lock", &lock))?;
    let made_at = directory.join(&name);
    if !artifact::is_cached(&directory) {
        let run = format!("output-{key}");
        // A step whose builder died is killed by its guard, though perhaps not yet.
        orphan::sweep(&run, None)
            .await
            .map_err(files::failed("clean up", &directory))?;
        let fresh = || {
            files::remove_tree(&directory)?;
            files::create_private_directory(made_at.parent().unwrap_or(&directory))
        };
        fresh().map_err(files::failed("create", &directory))?;
        let made = Made {
            at: &made_at,
            run: &run,
        };
        builder.run(step, Some(made), output).await?;
        if !made_at.exists() {
            let text = format!("it made no `$OUTPUT` (`{}`)", made_at.display());
            return Err(failed(step, text));
        }
        complete(&directory, &made_at).await?;
    }
    link(&builder.tree, &name, &key).map_err(files::failed("link to", &made_at))?;
    Ok(key)
}

/// Whatever the output may depend on.
async fn key(builder: &Builder<'_>, step: &BuildStep) -> Result<String, Error> {
    let mut key = Key::new("output 1");
    key.add(std::env::consts::OS);
    key.add(std::env::consts::ARCH);
    key.add(&step.run);
    key.add(step.output.as_deref().unwrap_or_default());
    if step.run.contains("python") {
        key.add(&python(builder).await);
    }
    if step.inputs.is_empty() {
        // It may read anything.
        key.add(&builder.tree_id);
    }
    for input in &step.inputs {
        let path = builder.tree.join(inside(step, input)?);
        let digest = spawn_blocking(move || digest::of_tree(&path))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| failed(step, format!("cannot read its input `{input}`: {error}")))?;
        key.add(input);
        key.add(&digest);
    }
    Ok(key.finish())
}

/// Which interpreter a virtual environment would link to; empty where there is none.
async fn python(builder: &Builder<'_>) -> String {
    let code = "import sys; print(sys.version, sys.base_prefix)";
    let output = Command::new("python3")
        .args(["-I", "-c", code])
        .env_clear()
        .envs(&builder.environment)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match timeout(VERSION_PATIENCE, output).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(Err(_)) | Err(_) => String::new(),
    }
}

/// The path, if it stays inside of the artifact.
fn inside(step: &BuildStep, path: &str) -> Result<PathBuf, Error> {
    let mut normal = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => normal.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(failed(step, format!("`{path}` leads out of the artifact")));
            }
        }
    }
    if normal.as_os_str().is_empty() {
        return Err(failed(step, format!("`{path}` names no file")));
    }
    Ok(normal)
}

async fn complete(directory: &Path, made_at: &Path) -> Result<(), Error> {
    let (directory, made_at) = (directory.to_owned(), made_at.to_owned());
    let shown = directory.clone();
    let work = spawn_blocking(move || {
        make_read_only(&made_at)?;
        make_durable(&directory)?;
        shipway_durable::replace(&directory.join("complete"), b"")
    });
    let completed = work
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    completed.map_err(files::failed("complete", &shown))
}

fn link(tree: &Path, name: &Path, key: &str) -> io::Result<()> {
    let link = tree.join(name);
    if let Some(parent) = link.parent() {
        fs::create_dir_all(parent)?;
    }
    // `artifacts/<key>/tree/<name>` stands three directories below the state directory, and one
    // more for each directory in the name.
    let mut target = PathBuf::from("../../..");
    for _ in name.components().skip(1) {
        target.push("..");
    }
    symlink(target.join("cache").join(key).join(name), link)
}
