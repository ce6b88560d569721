//! Other proxies, each set up as our own is: kept connections on both sides, a worker per core,
//! room for many clients, and what tells the backend who the client is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::running::{Running, free_address};
use crate::program;

/// What the proxies are called. A client of TLS names a host, and an address is none.
pub(crate) const HOST: &str = "localhost";

/// Where a proxy listens, and with which certificate.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: SocketAddr,
    /// The certificate in PEM.
    pub(crate) certificate: PathBuf,
    /// Its key in PEM.
    pub(crate) key: PathBuf,
}

/// Another proxy. Its program and its Debian package have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Haproxy,
    Nginx,
    Caddy,
}

/// The peers that cannot be run here.
pub(crate) fn missing() -> Vec<Peer> {
    let all = Peer::ALL.into_iter();
    all.filter(|peer| !peer.is_installed()).collect()
}

/// Installs peers by Debian's package manager, without a service that runs on.
pub(crate) fn install(peers: &[Peer]) -> Result<()> {
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        bail!("`--install` needs root and apt-get");
    }
    let names: Vec<&str> = peers.iter().map(|peer| peer.as_str()).collect();
    program::run(Command::new("apt-get").arg("update"))?;
    program::run(
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&names)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    for name in names {
        // Where nothing starts services there is none to stop.
        program::output(Command::new("systemctl").args(["disable", "--now", name]));
    }
    Ok(())
}

// === impl Front ===

impl Front {
    /// At addresses nobody listens at.
    pub(crate) fn free(certificate: PathBuf, key: PathBuf) -> Result<Self> {
        Ok(Self {
            plain: free_address()?,
            secure: free_address()?,
            certificate,
            key,
        })
    }
}

// === impl Peer ===

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::Haproxy, Self::Nginx, Self::Caddy];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    pub(crate) fn is_installed(self) -> bool {
        let argument = match self {
            Self::Haproxy | Self::Nginx => "-v",
            Self::Caddy => "version",
        };
        with_path(Command::new(self.as_str()))
            .arg(argument)
            .output()
            .is_ok()
    }

    /// Starts it in a directory of its own.
    pub(crate) async fn start(
        self,
        directory: &Path,
        front: &Front,
        backend: SocketAddr,
    ) -> Result<Running> {
        std::fs::create_dir_all(directory)?;
        let file = directory.join("configuration");
        if self == Self::Haproxy {
            // It wants both in one file.
            let both = [
                std::fs::read(&front.certificate)?,
                std::fs::read(&front.key)?,
            ];
            std::fs::write(directory.join("pem"), both.concat())?;
        }
        std::fs::write(&file, self.configuration(directory, front, backend))?;
        // In a session of its own, as a service has and as ours makes for itself: the kernel shares
        // processors out by session (`sched_autogroup`), so one in the session of the load
        // generator and the backend is preempted less often, and takes a fifth less time.
        let mut command = with_path(Command::new("setsid"));
        command.arg(self.as_str());
        match self {
            Self::Haproxy => command.arg("-db").arg("-f").arg(&file),
            Self::Nginx => command
                .arg("-p")
                .arg(directory)
                .args(["-e", "stderr", "-c"])
                .arg(&file),
            Self::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&file)
                .env("HOME", directory),
        };
        let log = directory.join("log");
        let mut running = Running::start(&mut command, &log)?;
        running
            .await_listening(front.plain, &log)
            .await
            .with_context(|| format!("{} does not start", self.as_str()))?;
        Ok(running)
    }

    fn configuration(self, directory: &Path, front: &Front, backend: SocketAddr) -> String {
        let Front { plain, secure, .. } = front;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        match self {
            Self::Haproxy => format!(
                "global
  nbthread {workers}
  maxconn 32768
  no strict-limits
defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend all
  bind {plain}
  bind {secure} ssl crt {}
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
  default_backend one
backend one
  server one {backend}
",
                directory.join("pem").display()
            ),
            Self::Nginx => nginx(directory, front, backend, workers),
            Self::Caddy => format!(
                "{{
  admin off
  auto_https off
}}
(all) {{
  bind {}
  reverse_proxy {backend} {{
    transport http {{
      keepalive_idle_conns_per_host 512
    }}
  }}
}}
http://{HOST}:{} {{
  import all
}}
https://{HOST}:{} {{
  tls {} {}
  import all
}}
",
                plain.ip(),
                plain.port(),
                secure.port(),
                front.certificate.display(),
                front.key.display()
            ),
        }
    }
}

/// Debian keeps servers where only root's shell looks.
fn with_path(mut command: Command) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    command
}

fn nginx(directory: &Path, front: &Front, backend: SocketAddr, workers: usize) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {}/{kind};\n", directory.display()))
        .concat();
    format!(
        "daemon off;
worker_processes {workers};
pid {}/pid;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off;
  keepalive_requests 100000000;
{temporary}  upstream one {{
    server {backend};
    keepalive 256;
    keepalive_requests 100000000;
  }}
  server {{
    listen {} reuseport;
    listen {} ssl reuseport;
    ssl_certificate {};
    ssl_certificate_key {};
    location / {{
      proxy_pass http://one;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
",
        directory.display(),
        front.plain,
        front.secure,
        front.certificate.display(),
        front.key.display()
    )
}
