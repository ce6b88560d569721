//! A registry of a test's own: it may be stopped, locked or filled.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::port::PortClaim;
use crate::wait::wait_until;

/// Names the program; without it, the one on the path.
const PROGRAM: &str = "SHIPWAY_REGISTRY_PROGRAM";

/// The account that a registry with a lock takes.
const LOCK: &str = "shop:$2b$05$S.2yNgnH5I.gAFe5DHenr.vwLpYJlrgbo5qY6lT.b5cPWwShbaOo6\n";

/// What a manifest may be.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// A registry on the loopback address. It ends with its value.
#[derive(Debug)]
pub struct Registry {
    claim: PortClaim,
    directory: TempDir,
    is_mounted: bool,
    child: Option<Child>,
}

// === impl Registry ===

impl Registry {
    /// The only account of a registry with a lock: name and password.
    pub const ACCOUNT: (&str, &str) = ("shop", "swordfish");

    /// One that takes everything of everybody.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        Self::with("")
    }

    /// One that wants [`Self::ACCOUNT`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn with_lock() -> Self {
        Self::with("auth:\n  htpasswd:\n    realm: test\n    path: LOCK\n")
    }

    /// One whose disk holds this much. Needs the right to mount.
    ///
    /// # Panics
    /// When it does not start.
    pub fn with_little_room(kibibytes: u32) -> Self {
        let mut registry = Self::unstarted("");
        let data = registry.data();
        fs::create_dir(&data).expect("a directory can be made");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kibibytes}k"), "tmpfs"])
            .arg(&data));
        registry.is_mounted = true;
        registry.start_again();
        registry
    }

    fn with(settings: &str) -> Self {
        let mut registry = Self::unstarted(settings);
        registry.start_again();
        registry
    }

    fn unstarted(settings: &str) -> Self {
        let registry = Self {
            claim: PortClaim::any(),
            directory: TempDir::with_prefix("shipway-registry-").expect("a directory can be made"),
            is_mounted: false,
            child: None,
        };
        let lock = registry.directory.path().join("lock");
        let settings = settings.replace("LOCK", &lock.display().to_string());
        let text = format!(
            "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\n  \
             delete:\n    enabled: true\nhttp:\n  addr: {}\n{settings}",
            registry.data().display(),
            registry.address()
        );
        fs::write(lock, LOCK).expect("a file can be written");
        fs::write(registry.configuration(), text).expect("a file can be written");
        registry
    }

    /// Its address, as images are named by it.
    pub fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.claim.port)
    }

    /// Ends it; what was pushed stays.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it once it was stopped, with what was pushed before.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        let program = std::env::var_os(PROGRAM).filter(|program| !program.is_empty());
        let program = program.unwrap_or_else(|| "docker-registry".into());
        let child = Command::new(&program)
            .arg("serve")
            .arg(self.configuration())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let said = format!("`{}` starts; `{PROGRAM}` names it", program.display());
        self.child = Some(child.expect(&said));
        wait_until("the registry to answer", || self.ask("GET", "/v2/"));
    }

    /// The manifest that a tag or digest names, byte for byte, with its digest; `None` where there
    /// is none.
    pub fn manifest(&self, name: &str, reference: &str) -> Option<(String, Value)> {
        let answer = self.ask("GET", &format!("/v2/{name}/manifests/{reference}"))?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        if !head.starts_with("HTTP/1.0 200") {
            return None;
        }
        let is_digest = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default();
            name.eq_ignore_ascii_case("docker-content-digest")
        };
        let digest = head.lines().find(is_digest)?.split_once(':')?.1.trim();
        Some((digest.to_owned(), serde_json::from_str(body).ok()?))
    }

    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.claim.port)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .ok()?;
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAccept: {MANIFESTS}\r\n\r\n",
            self.address()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn configuration(&self) -> PathBuf {
        self.directory.path().join("config.yml")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
        remove_images(&self.address());
        if self.is_mounted {
            unmount(&self.data());
        }
    }
}

/// Removes what the engine pushed to a registry or pulled from it.
fn remove_images(address: &str) {
    let filter = format!("reference={address}/*/*");
    let list = ["image", "ls", "--quiet", "--no-trunc", "--filter", &filter];
    let Ok(listed) = Command::new("docker").args(list).output() else {
        return;
    };
    let listed = String::from_utf8_lossy(&listed.stdout);
    for id in listed.lines() {
        // One that a container still runs from stays.
        let _ = Command::new("docker")
            .args(["image", "rm", "--force", id])
            .output();
    }
}

fn unmount(path: &Path) {
    // What cannot be unmounted goes with the machine; a panic here would hide the test's own.
    let _ = Command::new("umount").arg(path).status();
}

fn run(command: &mut Command) {
    let status = command.status().expect("it runs");
    assert!(status.success(), "{command:?}: {status}");
}
