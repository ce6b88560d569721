//! Ends everything that a demo started, and removes its directory.

use std::path::Path;
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
    drop(context);
    remove(root)
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
