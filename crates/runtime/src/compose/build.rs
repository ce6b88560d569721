//! Builds images from a clean export of the commit.
//!
//! The key is the hash of the project's tree in git and of the build definitions: what was built
//! once is found again by its tag, from whatever commit.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use shipway_compose::transform;
use shipway_compose::yaml::{self, Limits, Mapping, Node, Span, Value};
use tokio::time::timeout;

use super::image;
use super::runtime::ComposeRuntime;
use crate::export;
use crate::state::{files, lock};
use crate::{Artifact, BuildRequest, Error, Form, Output};

/// Under this name Compose builds, and writes it into the images as a label: one for all
/// environments, or the same image would have another id in each.
const PROJECT: &str = "shipway-build";

/// Stands for the export's directory in what is hashed.
const EXPORT: &str = "/export";

/// Builds what the services run, or finds it built; other images are pulled unless they are here.
pub(super) async fn build(
    runtime: &ComposeRuntime,
    request: &BuildRequest,
    output: Output<'_>,
) -> Result<Artifact, Error> {
    let work = build_in_time(runtime, request, output);
    match timeout(request.deadline, work).await {
        Ok(artifact) => artifact,
        Err(_) => Err(Error::Deadline {
            what: "the build".to_owned(),
            after: request.deadline,
        }),
    }
}

async fn build_in_time(
    runtime: &ComposeRuntime,
    request: &BuildRequest,
    output: Output<'_>,
) -> Result<Artifact, Error> {
    let document = document(request)?;
    let tree = export::tree_id(request).await?;
    let sources = sources(request, &document, &tree);
    let key = sources.key.clone();
    let lock = runtime.layout.artifacts().join(format!("{key}.lock"));
    let _lock = lock::exclusive(&lock)
        .await
        .map_err(files::failed("lock", &lock))?;
    let docker = runtime.docker()?;
    if image::ids(docker, &sources.built).await.is_err() {
        make(runtime, request, &document, &sources, &tree, output).await?;
    }
    if image::ids(docker, &sources.pulled).await.is_err() {
        pull(runtime, &document, &sources, output).await?;
    }
    let mut images = sources.built;
    images.extend(sources.pulled);
    let digests = image::ids(docker, &images)
        .await
        .map_err(|reason| refused("the images", reason))?;
    Ok(Artifact {
        form: Form::Image,
        digests,
    })
}

/// Where each service's image comes from.
struct Sources {
    /// Names what is built, by everything that goes into it.
    key: String,
    /// The tag of each service's image that is built here.
    built: BTreeMap<String, String>,
    /// The name of each service's image that comes from elsewhere.
    pulled: BTreeMap<String, String>,
}

fn document(request: &BuildRequest) -> Result<Node, Error> {
    let damaged = || refused("the Compose document", "it cannot be read".to_owned());
    let model = request.model.as_ref().ok_or_else(damaged)?;
    yaml::parse(&model.document, 0, Limits::default()).map_err(|_| damaged())
}

fn sources(request: &BuildRequest, document: &Node, tree: &str) -> Sources {
    let definitions = definitions(request, document, Path::new(EXPORT), |_| String::new());
    let mut hash = Sha256::new();
    hash.update(tree);
    hash.update(yaml::render(&definitions));
    let key: String = hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let named = |service: &str| document.at(&["services", service, "image"])?.as_str();
    let is_built = |service: &str| document.at(&["services", service, "build"]).is_some();
    let tag = |service: &str| format!("shipway/{service}:{key}");
    // A service that names the image which another one builds runs that.
    let by_name: BTreeMap<&str, &str> = request
        .services
        .iter()
        .filter(|service| is_built(&service.name))
        .filter_map(|service| Some((named(&service.name)?, service.name.as_str())))
        .collect();
    let (mut built, mut pulled) = (BTreeMap::new(), BTreeMap::new());
    for service in request.services.iter().map(|service| service.name.as_str()) {
        let builder = if is_built(service) {
            Some(service)
        } else {
            named(service).and_then(|image| by_name.get(image).copied())
        };
        match (builder, named(service)) {
            (Some(builder), _) => built.insert(service.to_owned(), tag(builder)),
            (None, Some(image)) => pulled.insert(service.to_owned(), image.to_owned()),
            (None, None) => None,
        };
    }
    Sources { key, built, pulled }
}

/// A project of the services that are built, their sources below `export`.
fn definitions(
    request: &BuildRequest,
    document: &Node,
    export: &Path,
    tag: impl Fn(&str) -> String,
) -> Node {
    let mut project = document.clone();
    let names = request
        .services
        .iter()
        .map(|service| service.name.clone())
        .filter(|name| document.at(&["services", name, "build"]).is_some())
        .collect();
    transform::select(&mut project, &names, transform::Dependencies::Strip);
    transform::rename(&mut project, PROJECT);
    let Some(root) = project.as_map_mut() else {
        return project;
    };
    // Networks and volumes have no part in a build.
    root.retain(|key, _| matches!(key, "name" | "services" | "secrets"));
    let services = root.get_mut("services").and_then(Node::as_map_mut);
    let directory = request.model.as_ref().map(|model| model.directory.as_str());
    for (name, service) in services.into_iter().flat_map(Mapping::iter_mut) {
        let Some(service) = service.as_map_mut() else {
            continue;
        };
        service.retain(|key, _| key == "build");
        if let Some(build) = service.get_mut("build") {
            relocate(build, directory.unwrap_or_default(), export);
        }
        service.insert(
            "image",
            Span::default(),
            Node::string(tag(name), Span::default()),
        );
    }
    project
}

/// Moves paths below the project's directory to the export.
fn relocate(node: &mut Node, directory: &str, export: &Path) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            let Some(rest) = scalar.text.strip_prefix(directory) else {
                return;
            };
            if rest.is_empty() {
                scalar.text = export.display().to_string();
            } else if let Some(rest) = rest.strip_prefix('/') {
                scalar.text = export.join(rest).display().to_string();
            }
        }
        Value::Sequence(items) => {
            for item in items {
                relocate(item, directory, export);
            }
        }
        Value::Mapping(mapping) => {
            for (_, value) in mapping.iter_mut() {
                relocate(value, directory, export);
            }
        }
    }
}

async fn make(
    runtime: &ComposeRuntime,
    request: &BuildRequest,
    document: &Node,
    sources: &Sources,
    tree: &str,
    output: Output<'_>,
) -> Result<(), Error> {
    let directory = runtime.layout.artifact(&sources.key);
    let export = directory.join("tree");
    let fresh = || {
        files::remove_tree(&directory)?;
        files::create_private_directory(&export)
    };
    fresh().map_err(files::failed("create", &directory))?;
    export::export(request, tree, &export).await?;
    let tag = |service: &str| sources.built.get(service).cloned().unwrap_or_default();
    let mut project = definitions(request, document, &export, tag);
    label(&mut project, request);
    call(runtime, &directory, project, "build", output).await?;
    // The image has what it needs of them.
    files::remove_tree(&directory).map_err(files::failed("remove", &directory))
}

/// Labels by the OCI image specification: where the image comes from.
fn label(project: &mut Node, request: &BuildRequest) {
    let services = project
        .as_map_mut()
        .and_then(|root| root.get_mut("services"))
        .and_then(Node::as_map_mut);
    for (_, service) in services.into_iter().flat_map(Mapping::iter_mut) {
        let Some(build) = service
            .as_map_mut()
            .and_then(|service| service.get_mut("build"))
            .and_then(Node::as_map_mut)
        else {
            continue;
        };
        let mut labels = build
            .get("labels")
            .and_then(Node::as_map)
            .cloned()
            .unwrap_or_default();
        labels.insert(
            "org.opencontainers.image.revision",
            Span::default(),
            Node::string(request.commit.clone(), Span::default()),
        );
        build.insert(
            "labels",
            Span::default(),
            Node::mapping(labels, Span::default()),
        );
    }
}

async fn pull(
    runtime: &ComposeRuntime,
    document: &Node,
    sources: &Sources,
    output: Output<'_>,
) -> Result<(), Error> {
    let mut project = document.clone();
    let names = sources.pulled.keys().cloned().collect();
    transform::select(&mut project, &names, transform::Dependencies::Strip);
    let directory = runtime.layout.artifact(&format!("{}-pull", sources.key));
    files::create_private_directory(&directory).map_err(files::failed("create", &directory))?;
    call(runtime, &directory, project, "pull", output).await?;
    files::remove_tree(&directory).map_err(files::failed("remove", &directory))
}

async fn call(
    runtime: &ComposeRuntime,
    directory: &Path,
    mut project: Node,
    verb: &str,
    output: Output<'_>,
) -> Result<(), Error> {
    transform::escape_dollars(&mut project);
    let file = directory.join("compose.yml");
    files::write_atomically(&file, yaml::render(&project).as_bytes())
        .map_err(files::failed("write", &file))?;
    let words = [verb];
    let called = runtime.cli.call(PROJECT, &file, &words, Some(output));
    called.await.map_err(|failure| Error::Build {
        step: format!("docker compose {verb}"),
        reason: failure.reason,
        last_lines: failure.last_lines,
    })
}

fn refused(step: &str, reason: String) -> Error {
    Error::Build {
        step: step.to_owned(),
        reason,
        last_lines: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
