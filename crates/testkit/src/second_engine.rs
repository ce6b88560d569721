//! A Docker Engine of a test's own, which may be killed.
//!
//! Beside the machine's: with sockets, directories and addresses of its own, and without rules in
//! the machine's firewall, which are the other one's. Its containers are reached from the machine
//! alone, which is all that a proxy needs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::containers::docker;
use crate::wait_until;

/// Addresses that nobody else on a test machine has.
const ADDRESSES: &str = "base=10.231.0.0/16,size=24";

/// Its default network: an engine without one removes the machine's engine's own, `docker0`.
const BRIDGE: &str = "shipway-test0";
const BRIDGE_ADDRESS: &str = "10.230.0.1/24";

/// A Docker Engine of a test's own, ended with it.
///
/// Its containerd is a process of its own, as a service manager has it: it outlives a dockerd that
/// is killed, and the containers with it.
#[derive(Debug)]
pub struct SecondEngine {
    directory: TempDir,
    containerd: Child,
    dockerd: Child,
}

// === impl SecondEngine ===

impl SecondEngine {
    /// Starts one, and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn start() -> Self {
        // The path of a socket has to be short.
        let directory = TempDir::with_prefix("shipway-dockerd-");
        let directory = directory.expect("a temporary directory can be made");
        make_bridge();
        let engine = Self {
            containerd: spawn_containerd(directory.path()),
            dockerd: spawn(directory.path()),
            directory,
        };
        engine.wait();
        engine
    }

    /// Its address, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        host(self.directory.path())
    }

    /// Copies an image to it from the machine's engine.
    ///
    /// # Panics
    /// When that has none of this name.
    pub fn copy(&self, image: &str) {
        let archive = self.directory.path().join("image.tar");
        let path = archive.display().to_string();
        docker(&["save", "--output", &path, image]);
        self.docker(&["load", "--input", &path]);
        fs::remove_file(archive).expect("the image was saved");
    }

    /// What the Docker CLI prints of it for these words.
    pub fn docker(&self, words: &[&str]) -> String {
        let host = self.host();
        let mut all = vec!["--host", &host];
        all.extend(words);
        docker(&all)
    }

    /// Kills it as a crash would; its containers go on.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.dockerd.kill().expect("it runs");
        self.dockerd.wait().expect("it ends");
    }

    /// Starts it again after a crash.
    pub fn start_again(&mut self) {
        self.dockerd = spawn(self.directory.path());
        self.wait();
    }

    fn wait(&self) {
        wait_until("the second engine to answer", || {
            (!self
                .docker(&["version", "--format", "{{.Server.Version}}"])
                .trim()
                .is_empty())
            .then_some(())
        });
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        for id in self.docker(&["ps", "--all", "--quiet"]).lines() {
            self.docker(&["rm", "--force", "--volumes", id]);
        }
        for id in self
            .docker(&["network", "ls", "--quiet", "--filter", "type=custom"])
            .lines()
        {
            self.docker(&["network", "rm", id]);
        }
        for child in [&mut self.dockerd, &mut self.containerd] {
            let pid = child.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
            let _ = child.wait();
        }
        // The engine keeps its root mounted for the containers that go on without it, and the
        // machine's network for those that have that.
        for mounted in ["data", "run/netns/default"] {
            let path = self.directory.path().join(mounted);
            let _ = Command::new("umount").arg("--lazy").arg(path).status();
        }
        let _ = ip(&["link", "delete", BRIDGE]);
    }
}

fn make_bridge() {
    // One that an interrupted test left serves as well.
    let _ = ip(&["link", "add", "name", BRIDGE, "type", "bridge"]);
    let _ = ip(&["address", "add", BRIDGE_ADDRESS, "dev", BRIDGE]);
    assert!(ip(&["link", "set", BRIDGE, "up"]), "a bridge can be made");
}

/// Whether `ip` did what these words say.
fn ip(words: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(words).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn host(directory: &Path) -> String {
    format!("unix://{}", directory.join("docker.sock").display())
}

fn spawn_containerd(directory: &Path) -> Child {
    let within = |name: &str| directory.join(name).display().to_string();
    let config = format!(
        "version = 2\nroot = {:?}\nstate = {:?}\n\
         disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
         [grpc]\naddress = {:?}\n[ttrpc]\naddress = {:?}\n",
        within("containerd"),
        within("containerd-run"),
        within("containerd.sock"),
        within("containerd.sock.ttrpc"),
    );
    let file = directory.join("containerd.toml");
    fs::write(&file, config).expect("a file can be written");
    let child = Command::new("containerd")
        .arg("--config")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log(directory, "containerd.log"))
        .spawn()
        .expect("containerd can be run");
    let socket = directory.join("containerd.sock");
    wait_until("containerd to listen", || socket.exists().then_some(()));
    child
}

fn log(directory: &Path, name: &str) -> File {
    let file = File::options()
        .create(true)
        .append(true)
        .open(directory.join(name));
    file.expect("a file can be made")
}

fn spawn(directory: &Path) -> Child {
    let within = |name: &str| -> PathBuf { directory.join(name) };
    let log = log(directory, "dockerd.log");
    // What a killed one leaves behind names a process that is gone.
    let _ = fs::remove_file(within("dockerd.pid"));
    Command::new("dockerd")
        .args([
            "--host",
            &host(directory),
            "--default-address-pool",
            ADDRESSES,
        ])
        .args(["--bridge", BRIDGE])
        .args(["--iptables=false", "--ip-masq=false", "--live-restore"])
        .arg("--containerd")
        .arg(within("containerd.sock"))
        .arg("--data-root")
        .arg(within("data"))
        .arg("--exec-root")
        .arg(within("run"))
        .arg("--pidfile")
        .arg(within("dockerd.pid"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log)
        .spawn()
        .expect("dockerd can be run")
}
