//! The way to an engine, made when it is first needed: a project without containers needs none.

use std::io;
use std::sync::OnceLock;

use bollard::Docker;
use shipway_pipeline::host::EngineHost;

use super::engine::failed;
use super::ssh::Bridge;
use crate::Error;

/// A call may last as long as a container's grace period; the engine that calls has deadlines.
const PATIENCE: u64 = 3_600;

/// The way to an engine.
#[derive(Debug)]
pub(super) struct Access {
    place: Place,
    opened: OnceLock<Opened>,
}

/// Where an engine is.
#[derive(Debug)]
enum Place {
    /// This host's own, at an address as in `DOCKER_HOST`.
    Here(String),
    /// One that an environment names.
    Elsewhere(EngineHost),
}

#[derive(Debug)]
struct Opened {
    docker: Docker,
    address: String,
    _bridge: Option<Bridge>,
}

// === impl Access ===

impl Access {
    /// To this host's own engine, at an address as in `DOCKER_HOST`.
    pub(super) fn here(address: impl Into<String>) -> Self {
        Self {
            place: Place::Here(address.into()),
            opened: OnceLock::new(),
        }
    }

    /// To an engine that an environment names.
    pub(super) fn elsewhere(host: EngineHost) -> Self {
        Self {
            place: Place::Elsewhere(host),
            opened: OnceLock::new(),
        }
    }

    /// Where an environment says that it is; none for this host's own.
    pub(super) fn host(&self) -> Option<&EngineHost> {
        match &self.place {
            Place::Here(_) => None,
            Place::Elsewhere(host) => Some(host),
        }
    }

    /// The engine's client.
    pub(super) fn docker(&self) -> Result<&Docker, Error> {
        Ok(&self.open()?.docker)
    }

    /// The client, if it was needed already.
    pub(super) fn opened(&self) -> Option<&Docker> {
        self.opened.get().map(|opened| &opened.docker)
    }

    /// The engine's address, as in `DOCKER_HOST`.
    pub(super) fn address(&self) -> Result<&str, Error> {
        match &self.place {
            Place::Here(address) => Ok(address),
            Place::Elsewhere(_) => Ok(&self.open()?.address),
        }
    }

    fn open(&self) -> Result<&Opened, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let (address, bridge) = match &self.place {
            Place::Here(address) => (address.clone(), None),
            Place::Elsewhere(EngineHost::Socket(path)) => (format!("unix://{path}"), None),
            Place::Elsewhere(EngineHost::Ssh(host)) => {
                let bridge = Bridge::open(host.clone()).map_err(|source| Error::Io {
                    action: format!("make a way to `ssh://{host}`"),
                    source,
                })?;
                (bridge.address(), Some(bridge))
            }
        };
        let opened = Opened {
            docker: connect(&address)?,
            address,
            _bridge: bridge,
        };
        Ok(self.opened.get_or_init(|| opened))
    }
}

/// The client of an engine, which is not asked yet.
pub(super) fn connect(address: &str) -> Result<Docker, Error> {
    let action = format!("reach the Docker Engine at `{address}`");
    if !address.starts_with("unix://") {
        return Err(Error::Io {
            action,
            source: io::Error::new(
                io::ErrorKind::Unsupported,
                "only an engine of this host, at `unix://…`, can be used",
            ),
        });
    }
    Docker::connect_with_unix(address, PATIENCE, bollard::API_DEFAULT_VERSION)
        .map_err(failed(action))
}
