//! An ssh server of a test's own, in front of a Docker Engine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::port::PortClaim;
use crate::second_engine::SecondEngine;
use crate::wait_until;

/// An ssh server on an address of this machine, with keys and a configuration of its own, whose
/// sessions find a test's engine. It is ended with the test.
#[derive(Debug)]
pub struct SshServer {
    directory: TempDir,
    claim: PortClaim,
    sshd: Child,
}

// === impl SshServer ===

impl SshServer {
    /// Starts one in front of an engine, and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn before(engine: &SecondEngine) -> Self {
        let directory = TempDir::with_prefix("shipway-sshd-").expect("a directory can be made");
        let claim = PortClaim::any();
        make_keys(directory.path());
        configure(directory.path(), claim.port, &engine.host());
        let server = Self {
            sshd: spawn(directory.path()),
            directory,
            claim,
        };
        server.wait();
        server
    }

    /// Its address, as `host` of an environment.
    pub fn host(&self) -> String {
        format!("ssh://root@127.0.0.1:{}", self.claim.port)
    }

    /// A `PATH` whose `ssh` has the test's key and knows the server, and nothing of the user's.
    pub fn path(&self) -> String {
        let own = std::env::var("PATH").unwrap_or_default();
        format!("{}:{own}", self.directory.path().join("bin").display())
    }

    /// Makes the server unknown to the test's `ssh`.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn forget(&self) {
        fs::write(self.within("known_hosts"), "").expect("the file can be written");
    }

    /// Makes the server refuse the test's key.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn lock_out(&self) {
        fs::write(self.within("authorized_keys"), "").expect("the file can be written");
    }

    /// Makes the server known to the test's `ssh`, and its key to the server.
    ///
    /// # Panics
    /// When a file cannot be read or written.
    pub fn introduce(&self) {
        introduce(self.directory.path(), self.claim.port);
    }

    /// Cuts every connection, and takes no other one.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn cut(&mut self) {
        let sessions = below(self.sshd.id());
        self.sshd.kill().expect("it runs");
        self.sshd.wait().expect("it ends");
        for pid in sessions {
            // One that ended by itself is as good.
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
    }

    /// Takes connections again.
    pub fn start_again(&mut self) {
        self.sshd = spawn(self.directory.path());
        self.wait();
    }

    fn within(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn wait(&self) {
        wait_until("the ssh server to listen", || {
            std::net::TcpStream::connect(("127.0.0.1", self.claim.port)).ok()
        });
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        for pid in below(self.sshd.id()) {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// The processes below one, by their numbers.
fn below(pid: u32) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parent = |stat: &str| -> Option<u32> {
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if name.parse::<u32>().is_ok() && parent(&stat) == Some(pid) {
            found.extend(below(name.parse().unwrap_or(u32::MAX)));
            found.push(name);
        }
    }
    found
}

fn make_keys(directory: &Path) {
    for name in ["host_key", "key"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(directory.join(name))
            .status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "keys can be made"
        );
    }
}

fn configure(directory: &Path, port: u16, engine: &str) {
    let within = |name: &str| directory.join(name).display().to_string();
    let server = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
         SetEnv DOCKER_HOST={engine} PATH={}\n",
        within("host_key"),
        within("authorized_keys"),
        std::env::var("PATH").unwrap_or_default(),
    );
    let client = format!(
        "IdentityFile {}\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {}\n\
         GlobalKnownHostsFile none\nStrictHostKeyChecking yes\n",
        within("key"),
        within("known_hosts"),
    );
    let ssh = format!(
        "#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n",
        within("ssh_config")
    );
    fs::create_dir(directory.join("bin")).expect("the directory is empty");
    for (name, text) in [
        ("sshd_config", &server),
        ("ssh_config", &client),
        ("bin/ssh", &ssh),
    ] {
        fs::write(directory.join(name), text).expect("a file can be written");
    }
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory.join("bin/ssh"), mode).expect("it was just written");
    introduce(directory, port);
}

fn introduce(directory: &Path, port: u16) {
    let public = |name: &str| {
        let text = fs::read_to_string(directory.join(name));
        text.expect("keys were made")
    };
    let known = format!("[127.0.0.1]:{port} {}", public("host_key.pub"));
    fs::write(directory.join("known_hosts"), known).expect("a file can be written");
    fs::write(directory.join("authorized_keys"), public("key.pub")).expect("a file can be written");
}

fn spawn(directory: &Path) -> Child {
    // Where the server puts nobody; its service would make it.
    let _ = fs::create_dir("/run/sshd");
    let log = fs::File::create(directory.join("sshd.log")).expect("a file can be made");
    Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(directory.join("sshd_config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("sshd can be run: `cargo xtask provision` installs it")
}
