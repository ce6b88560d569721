//! Starts instances.

use std::path::{Path, PathBuf};

use shipway_compose::transform::escape_dollars;
use shipway_compose::yaml::{self, Mapping, Node};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::ServiceName;

use super::network::{complete_name, is_external};
use super::runtime::ComposeRuntime;
use super::{adopt, aside, connect, files as copies, list, name, network, render, stop, volume};
use crate::state::{epoch, files, lock};
use crate::{ColourKey, ColourSpec, Error};

/// What runs in a slot, in the slot's directory. That it is there says that something may run.
pub(super) const PROJECT_FILE: &str = "compose.yml";

/// Makes the instances run, those that run already for the same deployment left alone.
pub(super) async fn start(runtime: &ComposeRuntime, spec: &ColourSpec) -> Result<(), Error> {
    epoch::raise(&runtime.layout, &spec.key, spec.epoch).await?;
    let path = runtime.layout.operation_lock(&spec.key, "start");
    let _lock = lock::exclusive(&path)
        .await
        .map_err(files::failed("lock", &path))?;
    epoch::check(&runtime.layout, &spec.key, spec.epoch)?;
    let document = render::document(spec)?;
    prepare(runtime, spec, &document).await?;
    stop::finish(runtime, &spec.key, wanted(spec)).await?;
    make_way(runtime, spec).await?;
    let spec = &adopt::without_existing(runtime, spec).await?;
    if !spec.services.is_empty() {
        up(runtime, spec, &document).await?;
    }
    if spec.key.slot == Slot::Shared {
        connect::connect_shared(runtime, &spec.key, &document).await?;
    }
    Ok(())
}

/// What is to run.
fn wanted(spec: &ColourSpec) -> impl Iterator<Item = InstanceId> + '_ {
    spec.services.iter().flat_map(|service| {
        let name = service.name.parse().ok();
        name.into_iter().flat_map(|name: ServiceName| {
            (1..=service.replicas).map(move |number| InstanceId {
                service: name.clone(),
                number,
            })
        })
    })
}

async fn up(runtime: &ComposeRuntime, spec: &ColourSpec, document: &Node) -> Result<(), Error> {
    let mut project = render::instances(spec, document);
    copies::provide(runtime, spec, &mut project).await?;
    let file = write(runtime, &spec.key, PROJECT_FILE, project)?;
    let words = [
        "up",
        "--detach",
        "--no-build",
        "--no-recreate",
        "--quiet-pull",
    ];
    let name = project_name(runtime, spec).await?;
    let cli = runtime.cli()?;
    let up = cli.call(&name, &file, &words, None).await;
    up.map_err(|failure| Error::Start {
        instance: spec.key.to_string(),
        reason: failure.reason,
    })
}

/// The Compose project that instances are made in.
///
/// Compose takes a container that is aside for the one to be made: it knows containers by labels,
/// which cannot be changed. So what takes its place is made in a project of the deployment's own.
async fn project_name(runtime: &ComposeRuntime, spec: &ColourSpec) -> Result<String, Error> {
    let name = name::project(&spec.key);
    if spec.key.slot != Slot::Shared {
        return Ok(name);
    }
    let all = list::everything(runtime, &spec.key).await?;
    Ok(
        match all.iter().any(|one| aside::is_aside(&one.container)) {
            true => format!("{name}-{}", spec.deployment),
            false => name,
        },
    )
}

/// Makes the networks and volumes that the document names, and connects the shared containers.
pub(super) async fn prepare(
    runtime: &ComposeRuntime,
    spec: &ColourSpec,
    document: &Node,
) -> Result<(), Error> {
    let docker = runtime.docker()?;
    let section = |name: &str| document.get(name).and_then(Node::as_map);
    if spec.key.slot == Slot::Shared {
        let networks = section("networks").into_iter().flat_map(Mapping::iter);
        for (key, definition) in networks.filter(|(_, definition)| !is_external(definition)) {
            let name = complete_name(key, definition);
            network::ensure(docker, &spec.key, name, definition).await?;
        }
    } else {
        connect::connect_shared(runtime, &spec.key, document).await?;
    }
    for (key, definition) in section("volumes").into_iter().flat_map(Mapping::iter) {
        volume::ensure(docker, &spec.key, key, definition).await?;
    }
    Ok(())
}

/// Removes from a colour what another deployment left under the names that are to be started.
///
/// Shared containers are whose they are: one that ended is started again as it was, with its data.
async fn make_way(runtime: &ComposeRuntime, spec: &ColourSpec) -> Result<(), Error> {
    if spec.key.slot == Slot::Shared {
        return Ok(());
    }
    let wanted: Vec<InstanceId> = wanted(spec).collect();
    let docker = runtime.docker()?;
    for left in list::list(runtime, &spec.key).await? {
        if left.deployment != spec.deployment && wanted.contains(&left.id) {
            stop::end(docker, &name::container(&spec.key, &left.id), spec.key.slot).await?;
        }
    }
    Ok(())
}

/// Writes a project for Compose to read, for this user only: it holds secrets.
pub(super) fn write(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    name: &str,
    mut project: Node,
) -> Result<PathBuf, Error> {
    escape_dollars(&mut project);
    let directory = runtime.layout.slot(key);
    let path = directory.join(name);
    shipway_durable::make_directory(&directory)
        .and_then(|()| write_at(&path, &project))
        .map_err(files::failed("write", &path))?;
    Ok(path)
}

fn write_at(path: &Path, project: &Node) -> std::io::Result<()> {
    shipway_durable::replace(path, yaml::render(project).as_bytes())
}
