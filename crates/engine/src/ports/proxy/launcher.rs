//! Starts the proxy of a directory of this machine.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Variables that the proxy's process is given of the caller's.
const PASSED_ON: [&str; 7] = [
    "PATH",
    "HOME",
    "TZ",
    "SHIPWAY_LOG",
    "SHIPWAY_ACCESS_LOG",
    "SHIPWAY_ACCESS_LOG_ONE_IN",
    "RUST_BACKTRACE",
];

/// How the proxy's process is started where none runs.
#[derive(Debug, Clone)]
pub struct ProxyLauncher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The proxy's directory.
    pub directory: PathBuf,
}

// === impl ProxyLauncher ===

impl ProxyLauncher {
    /// Starts it. It outlives this process.
    pub(super) fn launch(&self) -> std::io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.directory.join("proxy.log"))?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.directory)
            // It outlives this process, and shall not keep its secrets.
            .env_clear()
            .envs(
                PASSED_ON
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Away from the terminal's signals: it outlives this process.
            .process_group(0)
            .spawn()?;
        // Reaped in case it ends first, as one that finds another proxy running does.
        std::thread::spawn(move || child.wait());
        Ok(())
    }
}
