//! Proxies that are processes of their own, each of which took over from the one before.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shipway_proxy::control::{Client, DeploymentStatus, Error, HandOver, HandedOver, Refusal};
use shipway_proxy::{Options, Paths};
use tempfile::TempDir;

use crate::kit::until;
use crate::support::PATIENCE;

pub(crate) const DIR: &str = "SHIPWAY_TEST_HAND_OVER_DIR";
pub(crate) const WORKERS: &str = "SHIPWAY_TEST_HAND_OVER_WORKERS";
pub(crate) const REST: &str = "SHIPWAY_TEST_HAND_OVER_REST";
pub(crate) const PATIENT: &str = "SHIPWAY_TEST_HAND_OVER_PATIENT";
pub(crate) const CONNECT: &str = "SHIPWAY_TEST_HAND_OVER_CONNECT";
pub(crate) const CROWDED: &str = "SHIPWAY_TEST_HAND_OVER_CROWDED";

/// Not a test: the proxy that the tests below run, and what takes over from it.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut options = Options::new(dir);
    options.arguments = std::env::args_os().skip(1).collect();
    let workers = std::env::var(WORKERS).ok();
    options.workers = workers.map_or(std::num::NonZeroUsize::new(2), |it| it.parse().ok());
    options.limits.shutdown = Duration::from_millis(500);
    // A certificate changes only where the test says so.
    options.limits.certificates = Duration::from_secs(3600);
    if let Ok(millis) = std::env::var(REST) {
        options.limits.rest = Duration::from_millis(millis.parse().unwrap());
    }
    if let Ok(seconds) = std::env::var(PATIENT) {
        options.limits.take_over = Duration::from_secs(seconds.parse().unwrap());
    }
    if let Ok(seconds) = std::env::var(CONNECT) {
        options.limits.connect = Duration::from_secs(seconds.parse().unwrap());
    }
    if let Ok(milliseconds) = std::env::var(CROWDED) {
        let time = Duration::from_millis(milliseconds.parse().unwrap());
        options.limits.crowded_keep_alive = time;
    }
    shipway_proxy::run(options).unwrap();
}

/// A proxy in a process, and whatever took over from it.
pub(crate) struct Chain {
    pub(crate) client: Client,
    pub(crate) paths: Paths,
    pub(crate) first: Child,
    pub(crate) pids: Vec<u32>,
    pub(crate) dir: TempDir,
}

impl Chain {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_by(Command::new(this()), change).await
    }

    /// One that has few files open at first, and may have so many.
    pub(crate) async fn start_with_files(files: u32, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("sh");
        let text = format!("ulimit -S -n 40; ulimit -H -n {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &text]).arg(this());
        Self::start_by(command, change).await
    }

    async fn start_by(command: Command, change: impl FnOnce(&mut Command)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let first = spawn_by(command, dir.path(), change);
        let paths = Paths::new(dir.path());
        let (client, health) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
        Self {
            client,
            paths,
            first,
            pids: vec![health.pid],
            dir,
        }
    }

    pub(crate) async fn hand_over(&mut self) -> HandedOver {
        self.try_hand_over(&this()).await.unwrap()
    }

    pub(crate) async fn try_hand_over(&mut self, program: &Path) -> Result<HandedOver, String> {
        let wish = HandOver {
            program: program.to_owned(),
            arguments: None,
        };
        match self.client.hand_over(&wish).await {
            Ok(handed) => {
                self.pids.push(handed.pid);
                Ok(handed)
            }
            Err(Error::Refused(Refusal::HandOver { reason })) => Err(reason),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn pid(&self) -> u32 {
        self.client.health().await.unwrap().pid
    }

    pub(crate) async fn finishing(&self) -> Vec<u32> {
        let status = self.client.status().await.unwrap();
        status.finishing.iter().map(|it| it.pid).collect()
    }

    pub(crate) async fn deployment(&self, number: u64) -> DeploymentStatus {
        let status = self.client.status().await.unwrap();
        let mut all = status.routes.into_iter().flat_map(|it| it.deployments);
        all.find(|it| it.deployment.0 == number).unwrap()
    }

    /// Waits until those that were taken over from have ended.
    pub(crate) async fn alone(&self) {
        until(async || self.finishing().await.is_empty()).await;
        let left = std::fs::read_dir(self.paths.dir()).unwrap();
        let names = left.map(|it| it.unwrap().file_name().into_string().unwrap());
        assert!(!names.into_iter().any(|it| it.starts_with("elder")));
    }

    /// A program that does something else first.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        for pid in &self.pids {
            kill(*pid);
        }
        let _ = self.first.wait();
    }
}

pub(crate) fn this() -> PathBuf {
    std::env::current_exe().unwrap()
}

pub(crate) fn spawn(dir: &Path, change: impl FnOnce(&mut Command)) -> Child {
    spawn_by(Command::new(this()), dir, change)
}

fn spawn_by(mut command: Command, dir: &Path, change: impl FnOnce(&mut Command)) -> Child {
    command
        .args(["--exact", "chain::child", "--nocapture"])
        .env(DIR, dir);
    change(&mut command);
    command.spawn().unwrap()
}

pub(crate) fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).unwrap()
}

pub(crate) fn kill(number: u32) {
    let _ = kill_process(pid(number), Signal::KILL);
}
