//! Our own proxy, as the released program runs it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, Generation};
use shipway_pipeline::route::{Backend, Certificate, Route, RouteKey, Rules, Tls};
use shipway_proxy::Paths;
use shipway_proxy::control::Client;

use super::peers::{Front, HOST};
use super::running::Running;

/// For the proxy to answer its control socket.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running proxy of ours.
#[derive(Debug)]
pub(crate) struct Shipway {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

// === impl Shipway ===

impl Shipway {
    pub(crate) async fn start(program: &Path, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let log = directory.join("log");
        let proxy = directory.join("proxy");
        let mut command = Command::new(program);
        command.arg("proxy").arg("--proxy-dir").arg(&proxy);
        let running = Running::start(&mut command, &log)?;
        let (client, _) = Client::wait_ready(Paths::new(&proxy).control(), PATIENCE)
            .await
            .with_context(|| {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                format!("the proxy does not start: {}", said.trim())
            })?;
        Ok(Self { running, client })
    }
}

/// Everything at `listen` goes to `backend`, in the colour of the generation.
pub(crate) fn route(listen: SocketAddr, generation: u64, backend: SocketAddr) -> Result<Route> {
    let colour = if generation % 2 == 1 {
        Colour::Blue
    } else {
        Colour::Green
    };
    Ok(Route {
        key: RouteKey {
            project: "bench".parse()?,
            environment: "production".parse()?,
        },
        epoch: Epoch(1),
        generation: Generation(generation),
        listen,
        hosts: Vec::new(),
        tls: None,
        rules: Rules::default(),
        backends: vec![Backend {
            colour,
            deployment: DeploymentId(generation),
            instance: "web-1".parse()?,
            address: backend,
            weight: 1,
        }],
    })
}

/// The same for plain and secure requests.
pub(crate) fn route_of(front: &Front, backend: SocketAddr) -> Result<Route> {
    Ok(Route {
        hosts: vec![HOST.to_owned()],
        tls: Some(Tls {
            listen: front.secure,
            certificate: Certificate::Files {
                certificate: front.certificate.display().to_string(),
                key: front.key.display().to_string(),
            },
            redirect: false,
            hsts: None,
        }),
        ..route(front.plain, 1, backend)?
    })
}
