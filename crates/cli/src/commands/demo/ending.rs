//! Ends everything that a demo started, and removes its directory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::route::RouteKey;
use shipway_proxy::Paths;
use shipway_proxy::control::Client;
use shipway_runtime::ColourKey;

use super::shop::{project_in, proxy_in};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};

/// The proxy ends idle connections after a moment; then its directory may go.
const PROXY_DEADLINE: Duration = Duration::from_secs(40);

/// Ends the demo in a directory.
pub(super) async fn end(root: &Path) -> Result<()> {
    let global = Global {
        directory: Some(project_in(root)),
        state: None,
        proxy_dir: Some(proxy_in(root)),
        server: None,
        server_ca: None,
    };
    if !project_in(root).join("shipway.yml").is_file() {
        return Err(CliError::usage(format!(
            "there is no demo in `{}`",
            root.display()
        )));
    }
    // First: a server that is told to end waits for connections that the proxy keeps to it.
    stop_proxy(root).await;
    let (context, _events) = Context::open(&global)?;
    for environment in context.project.config.environments.keys() {
        for slot in [Slot::Blue, Slot::Green, Slot::Shared] {
            let key = ColourKey {
                route: RouteKey {
                    project: context.project.config.project.clone(),
                    environment: environment.clone(),
                },
                slot,
            };
            context.engine.runtime.stop(&key, None).await?;
        }
    }
    let project = context.project.config.project.to_string();
    drop(context);
    remove_from_engine(&project)?;
    remove(root)
}

/// Networks and volumes, which no command removes: a demo's data is nobody's.
fn remove_from_engine(project: &str) -> Result<()> {
    let label = format!("label=shipway.project={project}");
    for kind in ["network", "volume"] {
        let listed = Command::new("docker")
            .args([kind, "ls", "--quiet", "--filter", &label])
            .stderr(Stdio::null())
            .output();
        // Without an engine there is nothing of the demo's on one.
        let Ok(listed) = listed else { return Ok(()) };
        let text = String::from_utf8_lossy(&listed.stdout);
        let ids: Vec<&str> = text.split_whitespace().collect();
        if !ids.is_empty() {
            Command::new("docker")
                .args([kind, "rm"])
                .args(ids)
                .stdout(Stdio::null())
                .status()?;
        }
    }
    Ok(())
}

async fn stop_proxy(root: &Path) {
    let client = Client::new(Paths::new(proxy_in(root)).control());
    if client.shutdown().await.is_err() {
        return;
    }
    let give_up = tokio::time::Instant::now() + PROXY_DEADLINE;
    while client.health().await.is_ok() && tokio::time::Instant::now() < give_up {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Artifacts are read-only: their directories must be made writable before they can go.
fn remove(root: &Path) -> Result<()> {
    make_writable(root)?;
    Ok(std::fs::remove_dir_all(root)?)
}

fn make_writable(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::symlink_metadata(directory)?;
    if !metadata.is_dir() {
        return Ok(());
    }
    let mut permissions = metadata.permissions();
    permissions.set_mode(permissions.mode() | 0o700);
    std::fs::set_permissions(directory, permissions)?;
    for entry in std::fs::read_dir(directory)? {
        make_writable(&entry?.path())?;
    }
    Ok(())
}
