//! Secrets and configs as files of the engine's host, mounted into the containers that read them.
//!
//! ```text
//! run/<project>/<environment>/<slot>/files/<deployment>/secret-key[-<mode>[-<uid>-<gid>]]
//! ```
//!
//! Compose would mount the user's own files, which change under a running container, and copies
//! of variables into containers, which a read-only one refuses. Each deployment has copies of its
//! own, which go with its last container; on another host they stand in a volume (see `far_files`). The directory is for this user only; in the container a
//! file can be read by everybody there, as with Compose, unless the long syntax says otherwise:
//! images start as root and go on as a user whom only they know.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::Docker;
use shipway_compose::yaml::{Mapping, Node, Span};
use shipway_pipeline::workload::{FileKey, FileKind};

use super::runtime::ComposeRuntime;
use super::{far_files, label, list};
use crate::state::files;
use crate::state::secret_file::{self, Access};
use crate::{ColourKey, ColourSpec, Error};

/// Below a slot's directory.
pub(super) const FOLDER: &str = "files";

/// Compose's own default.
const MODE: u32 = 0o444;

/// The copies that a project mounts, by name.
type Copies = BTreeMap<String, (FileKey, Access)>;

/// Mounts copies of the spec's secrets and configs, and makes them.
pub(super) async fn provide(
    runtime: &ComposeRuntime,
    spec: &ColourSpec,
    project: &mut Node,
) -> Result<(), Error> {
    let directory = runtime
        .layout
        .slot(&spec.key)
        .join(FOLDER)
        .join(spec.deployment.to_string());
    if runtime.place().is_some() {
        return provide_there(runtime, spec, project, &directory).await;
    }
    let copies = mount(spec, project, &directory)?;
    for (name, (key, access)) in copies {
        let Some(value) = spec.files.get(&key) else {
            continue;
        };
        let path = directory.join(name);
        secret_file::write(&path, value, access).map_err(files::failed(
            &format!("write the {} `{}` to", key.kind, key.name),
            &path,
        ))?;
    }
    Ok(())
}

/// The same on another host. What stands here says only that something stands there.
async fn provide_there(
    runtime: &ComposeRuntime,
    spec: &ColourSpec,
    project: &mut Node,
    directory: &Path,
) -> Result<(), Error> {
    let wanted = mount(spec, &mut project.clone(), directory)?;
    if wanted.is_empty() {
        mount(spec, project, directory)?;
        return Ok(());
    }
    shipway_durable::make_directory(directory).map_err(files::failed("create", directory))?;
    let place = far_files::ensure(runtime.docker()?, &spec.key, spec.deployment).await?;
    let copies = mount(spec, project, &place.directory)?;
    let copies = copies
        .into_iter()
        .filter_map(|(name, (key, access))| Some((name, spec.files.get(&key)?, access)))
        .collect();
    far_files::write(runtime.docker()?, &place, spec, copies).await
}

/// Removes the copies of deployments that have no container in the slot any more.
pub(super) async fn sweep(
    runtime: &ComposeRuntime,
    docker: &Docker,
    key: &ColourKey,
) -> Result<(), Error> {
    let folder = runtime.layout.slot(key).join(FOLDER);
    let found = files::names_in(&folder).map_err(files::failed("read", &folder))?;
    if found.is_empty() {
        return Ok(());
    }
    let containers = list::containers(docker, key, label::DEPLOYMENT).await?;
    let alive: Vec<String> = containers
        .into_iter()
        .filter_map(|one| one.config?.labels?.remove(label::DEPLOYMENT))
        .collect();
    for deployment in found.iter().filter(|one| !alive.contains(one)) {
        if runtime.place().is_some() {
            far_files::remove(docker, key, deployment).await?;
        }
        let path = folder.join(deployment);
        files::remove_tree(&path).map_err(files::failed("remove", &path))?;
    }
    Ok(())
}

/// Puts mounts of copies in the place of those secrets and configs whose content is known.
fn mount(spec: &ColourSpec, project: &mut Node, directory: &Path) -> Result<Copies, Error> {
    let mut copies = Copies::new();
    let services = project
        .as_map_mut()
        .and_then(|root| root.get_mut("services"))
        .and_then(Node::as_map_mut);
    for (name, service) in services.into_iter().flat_map(Mapping::iter_mut) {
        let Some(service) = service.as_map_mut() else {
            continue;
        };
        for kind in FileKind::ALL {
            mount_in(spec, service, kind, directory, &mut copies).map_err(|reason| {
                Error::Start {
                    instance: name.to_owned(),
                    reason,
                }
            })?;
        }
    }
    for kind in FileKind::ALL {
        let section = project
            .as_map_mut()
            .and_then(|root| root.get_mut(kind.section()))
            .and_then(Node::as_map_mut);
        if let Some(section) = section {
            section.retain(|name, _| !spec.files.contains_key(&key(kind, name)));
        }
    }
    Ok(copies)
}

fn mount_in(
    spec: &ColourSpec,
    service: &mut Mapping,
    kind: FileKind,
    directory: &Path,
    copies: &mut Copies,
) -> Result<(), String> {
    let uses = service.remove(kind.section());
    let uses = uses
        .as_ref()
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    let (mut left, mut mounts) = (Vec::new(), Vec::new());
    for one in uses {
        let source = one.get("source").and_then(Node::as_str).unwrap_or_default();
        let key = key(kind, source);
        if !spec.files.contains_key(&key) {
            left.push(one.clone());
            continue;
        }
        let access = access(one)?;
        let name = file_name(&key, access);
        let target = target(&key, one.get("target").and_then(Node::as_str));
        mounts.push(bind(&directory.join(&name), &target));
        copies.insert(name, (key, access));
    }
    if !left.is_empty() {
        service.insert(kind.section(), Span::default(), sequence(left));
    }
    if !mounts.is_empty() {
        let mut volumes = service
            .get("volumes")
            .and_then(Node::as_sequence)
            .unwrap_or_default()
            .to_vec();
        volumes.extend(mounts);
        service.insert("volumes", Span::default(), sequence(volumes));
    }
    Ok(())
}

fn key(kind: FileKind, name: &str) -> FileKey {
    FileKey {
        kind,
        name: name.to_owned(),
    }
}

fn access(one: &Node) -> Result<Access, String> {
    let number = |key: &str| {
        let text = one.get(key).and_then(Node::as_str);
        text.map(|text| {
            text.parse()
                .map_err(|_| format!("`{key}: {text}` of a secret or config is no number"))
        })
        .transpose()
    };
    Ok(Access {
        mode: number("mode")?.unwrap_or(MODE),
        uid: number("uid")?,
        gid: number("gid")?,
    })
}

/// Services that want the same content for other readers have copies of their own.
fn file_name(key: &FileKey, access: Access) -> String {
    let mut name = format!("{}-{}", key.kind, key.name);
    if access.mode != MODE || access.uid.is_some() || access.gid.is_some() {
        name.push_str(&format!("-{:o}", access.mode));
    }
    for (letter, id) in [('u', access.uid), ('g', access.gid)] {
        if let Some(id) = id {
            name.push_str(&format!("-{letter}{id}"));
        }
    }
    name
}

/// Where Compose mounts it.
fn target(key: &FileKey, said: Option<&str>) -> String {
    let base = match key.kind {
        FileKind::Secret => "/run/secrets",
        FileKind::Config => "",
    };
    match said {
        Some(path) if path.starts_with('/') => path.to_owned(),
        Some(path) if !path.is_empty() => format!("{base}/{path}"),
        Some(_) | None => format!("{base}/{}", key.name),
    }
}

fn bind(source: &Path, target: &str) -> Node {
    let text = |text: &str| Node::string(text, Span::default());
    let flag = |text: &str| Node::plain(text, Span::default());
    let mut options = Mapping::new();
    options.insert("create_host_path", Span::default(), flag("false"));
    let mut mount = Mapping::new();
    for (key, value) in [
        ("type", text("bind")),
        ("source", text(&source.display().to_string())),
        ("target", text(target)),
        ("read_only", flag("true")),
        ("bind", Node::mapping(options, Span::default())),
    ] {
        mount.insert(key, Span::default(), value);
    }
    Node::mapping(mount, Span::default())
}

fn sequence(items: Vec<Node>) -> Node {
    Node::sequence(items, Span::default())
}

#[cfg(test)]
mod tests {
    use shipway_compose::yaml::render;
    use shipway_pipeline::colour::Slot;
    use shipway_pipeline::secret::SecretValue;

    use super::super::render::{document, instances};
    use super::super::testing;
    use super::*;

    const DOCUMENT: &str = "
name: shop
services:
  web:
    image: shop
    volumes: [{type: volume, source: data, target: /data}]
    secrets:
      - {source: key, target: /run/secrets/key}
      - {source: tls, target: tls.pem, uid: '103', gid: '104', mode: 256}
      - {source: folder, target: /run/secrets/folder}
    configs: [{source: app}]
volumes: {data: {name: shop_data}}
secrets:
  key: {external: true, name: secret_key}
  tls: {environment: TLS}
  folder: {file: /srv/shop/folder}
configs:
  app: {content: hello}
";

    #[test]
    fn copies_are_mounted_where_compose_would_and_the_rest_is_left_to_it() {
        let mut spec = testing::spec(DOCUMENT, Slot::Blue, &[("web", 2)]);
        for (kind, name) in [
            (FileKind::Secret, "key"),
            (FileKind::Secret, "tls"),
            (FileKind::Config, "app"),
        ] {
            let value = SecretValue::new(b"hunter2".to_vec());
            spec.files.insert(key(kind, name), value);
        }
        let mut project = instances(&spec, &document(&spec).unwrap());
        let copies = mount(&spec, &mut project, Path::new("/state/files/d7")).unwrap();
        let names: Vec<&String> = copies.keys().collect();
        assert_eq!(
            names,
            ["config-app", "secret-key", "secret-tls-400-u103-g104"]
        );
        let mounts = |service: &str| -> Vec<(String, String)> {
            let volumes = project.at(&["services", service, "volumes"]);
            let volumes = volumes.and_then(Node::as_sequence).unwrap();
            let text = |one: &Node, key| one.get(key).and_then(Node::as_str).unwrap().to_owned();
            volumes
                .iter()
                .map(|one| (text(one, "source"), text(one, "target")))
                .collect()
        };
        let expected = [
            ("data", "/data"),
            ("/state/files/d7/secret-key", "/run/secrets/key"),
            (
                "/state/files/d7/secret-tls-400-u103-g104",
                "/run/secrets/tls.pem",
            ),
            ("/state/files/d7/config-app", "/app"),
        ]
        .map(|(one, other)| (one.to_owned(), other.to_owned()));
        assert_eq!(mounts("web-1"), expected);
        assert_eq!(mounts("web-2"), expected);
        let text = render(&project);
        assert!(!text.contains("hunter2") && !text.contains("external: true, name: secret_key"));
        assert!(project.at(&["secrets", "key"]).is_none(), "{text}");
        assert!(project.at(&["secrets", "folder"]).is_some(), "{text}");
        assert!(project.at(&["configs", "app"]).is_none(), "{text}");
    }
}
