//! The container of a host's proxy.

use std::collections::HashMap;
use std::path::PathBuf;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions};

use super::{image, parts};
use crate::Error;
use crate::compose::engine::{failed, is_conflict, is_unchanged};
use crate::compose::runtime::ComposeRuntime;
use crate::compose::{list, stop};

/// The container; one for each engine, as one proxy serves all projects of a machine.
pub(super) const NAME: &str = "shipway-proxy";

/// The volume with its routes, which outlives containers.
const VOLUME: &str = "shipway-proxy";

/// Where it has its files.
pub(super) const DIRECTORY: &str = "/var/lib/shipway/proxy";

/// Says which program it runs.
const LABEL: &str = "shipway.proxy";

/// A proxy takes 2 s for idle connections and 30 s for requests in hand.
const GRACE: i64 = 35;

/// The proxy of an engine of another host.
#[derive(Debug, Clone)]
pub struct ProxyContainer {
    runtime: ComposeRuntime,
    program: PathBuf,
}

// === impl ProxyContainer ===

impl ProxyContainer {
    /// The proxy beside what a runtime runs, which is this program in a container.
    #[must_use]
    pub fn new(runtime: ComposeRuntime, program: impl Into<PathBuf>) -> Self {
        Self {
            runtime,
            program: program.into(),
        }
    }

    /// What people call the place.
    #[must_use]
    pub fn place(&self) -> String {
        let host = self.runtime.place().map(ToString::to_string);
        format!("{NAME}@{}", host.unwrap_or_else(|| "here".to_owned()))
    }

    /// Starts it unless it runs; it need not answer yet. The engine starts it again from then on,
    /// after a reboot as well.
    ///
    /// A crash leaves its image, or its container that does not run yet.
    ///
    /// # Errors
    /// The engine does not answer, or cannot run this program.
    pub async fn start(&self) -> Result<(), Error> {
        let docker = self.docker()?;
        if list::inspect(docker, NAME).await?.is_none() {
            let image = image::ensure(docker, &self.program).await?;
            create(docker, image).await?;
        }
        match docker
            .start_container(NAME, None::<StartContainerOptions>)
            .await
        {
            Ok(()) => Ok(()),
            Err(error) if is_unchanged(&error) => Ok(()),
            Err(error) => Err(failed(format!("start the container `{NAME}`"))(error)),
        }
    }

    /// Ends it with what it has in hand, and removes its container. Its routes stay.
    ///
    /// # Errors
    /// The engine does not answer, or it does not end.
    pub async fn stop(&self) -> Result<(), Error> {
        let docker = self.docker()?;
        stop::end(docker, NAME, shipway_pipeline::colour::Slot::Shared).await?;
        Ok(())
    }

    pub(super) fn docker(&self) -> Result<&Docker, Error> {
        self.runtime.docker()
    }
}

async fn create(docker: &Docker, image: String) -> Result<(), Error> {
    let options = CreateContainerOptionsBuilder::new().name(NAME).build();
    match docker.create_container(Some(options), body(image)).await {
        Ok(_) => Ok(()),
        // Somebody was faster.
        Err(error) if is_conflict(&error) => Ok(()),
        Err(error) => Err(failed(format!("make the container `{NAME}`"))(error)),
    }
}

fn body(image: String) -> ContainerCreateBody {
    let program = format!("/{}", parts::PROGRAM);
    ContainerCreateBody {
        entrypoint: Some(vec![program, "proxy".to_owned()]),
        env: Some(vec![
            format!("SHIPWAY_PROXY_DIR={DIRECTORY}"),
            format!("LD_LIBRARY_PATH=/{}", parts::LIBRARIES),
        ]),
        labels: Some(HashMap::from([(LABEL.to_owned(), image.clone())])),
        stop_timeout: Some(GRACE),
        image: Some(image),
        host_config: Some(HostConfig {
            network_mode: Some("host".to_owned()),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            mounts: Some(vec![Mount {
                target: Some(DIRECTORY.to_owned()),
                source: Some(VOLUME.to_owned()),
                typ: Some(MountType::VOLUME),
                ..Mount::default()
            }]),
            // It faces the network, and needs no more than to listen below 1024.
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(vec!["NET_BIND_SERVICE".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            readonly_rootfs: Some(true),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), "10m".to_owned()),
                    ("max-file".to_owned(), "3".to_owned()),
                ])),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_host_network_and_no_privilege_but_to_listen() {
        let body = body("shipway/proxy:1".to_owned());
        let host = body.host_config.unwrap();
        assert_eq!(host.network_mode.as_deref(), Some("host"));
        assert_eq!(host.cap_drop.unwrap(), ["ALL"]);
        assert_eq!(host.cap_add.unwrap(), ["NET_BIND_SERVICE"]);
        assert_eq!(body.entrypoint.unwrap(), ["/shipway", "proxy"]);
    }
}
