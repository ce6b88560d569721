//! What is built, from what, and under which names.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use shipway_compose::transform;
use shipway_compose::yaml::{self, Mapping, Node, Span, Value};

use super::PROJECT;
use crate::BuildRequest;

/// Stands for the export's directory in what is hashed.
const EXPORT: &str = "/export";

/// Where each service's image comes from.
pub(super) struct Sources {
    /// Names what is built, by everything that goes into it.
    pub(super) key: String,
    /// Each service's image that is built here.
    pub(super) built: BTreeMap<String, Target>,
    /// The name of each service's image that comes from elsewhere.
    pub(super) pulled: BTreeMap<String, String>,
}

/// An image that is built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Its name and tag.
    pub(super) name: String,
    /// What it is built for; empty for the engine's own platform.
    pub(super) platforms: Vec<String>,
}

// === impl Target ===

impl Target {
    /// Whether it takes an index to name it.
    pub(super) fn is_joined(&self) -> bool {
        self.platforms.len() > 1
    }

    /// The name of its part for one platform.
    pub(super) fn part(&self, platform: &str) -> String {
        if !self.is_joined() {
            return self.name.clone();
        }
        let suffix = platform.trim_start_matches("linux/").replace('/', "-");
        format!("{}-{suffix}", self.name)
    }

    /// The names of all of its parts, with what each is for; one without a platform where the
    /// engine's own is meant.
    pub(super) fn parts(&self) -> Vec<(Option<&str>, String)> {
        if self.platforms.is_empty() {
            return vec![(None, self.name.clone())];
        }
        let part = |platform: &String| self.part(platform);
        let parts = self.platforms.iter();
        parts.map(|one| (Some(one.as_str()), part(one))).collect()
    }
}

// === impl Sources ===

impl Sources {
    /// The images that are built, each once.
    pub(super) fn targets(&self) -> Vec<&Target> {
        let mut targets: Vec<&Target> = self.built.values().collect();
        targets.sort();
        targets.dedup();
        targets
    }

    /// The platforms that anything is built for.
    pub(super) fn platforms(&self) -> Vec<String> {
        let mut platforms: Vec<String> = self
            .built
            .values()
            .flat_map(|target| target.platforms.iter().cloned())
            .collect();
        platforms.sort();
        platforms.dedup();
        platforms
    }
}

/// Finds what a request builds and pulls. `own` is the engine's platform.
pub(super) fn sources(request: &BuildRequest, document: &Node, tree: &str, own: &str) -> Sources {
    let is_built = |service: &str| document.at(&["services", service, "build"]).is_some();
    let named = |service: &str| document.at(&["services", service, "image"])?.as_str();
    let key = key(request, document, tree, own);
    let target = |service: &str| Target {
        name: match &request.registry {
            Some(repository) => format!("{repository}/{}:{key}", service.to_ascii_lowercase()),
            None => format!("shipway/{service}:{key}"),
        },
        platforms: platforms(request, document, service),
    };
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
            (Some(builder), _) => {
                built.insert(service.to_owned(), target(builder));
            }
            (None, Some(image)) => {
                pulled.insert(service.to_owned(), image.to_owned());
            }
            (None, None) => {}
        }
    }
    Sources { key, built, pulled }
}

/// Names everything that goes into the images.
fn key(request: &BuildRequest, document: &Node, tree: &str, own: &str) -> String {
    let definitions = definitions(
        request,
        document,
        Path::new(EXPORT),
        |_| Some(String::new()),
    );
    let mut hash = Sha256::new();
    hash.update(tree);
    hash.update(yaml::render(&definitions));
    if !request.platforms.is_empty() {
        hash.update(request.platforms.join(","));
    } else if request.registry.is_some() {
        // Machines of other kinds look for images there as well.
        hash.update(own);
    }
    hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A service's own platforms, else those of the project.
fn platforms(request: &BuildRequest, document: &Node, service: &str) -> Vec<String> {
    let own: Vec<String> = document
        .at(&["services", service, "build", "platforms"])
        .and_then(Node::as_sequence)
        .unwrap_or_default()
        .iter()
        .filter_map(|platform| Some(platform.as_str()?.to_owned()))
        .collect();
    if own.is_empty() {
        request.platforms.clone()
    } else {
        own
    }
}

/// A project of the services that are built and have a name, their sources below `export`.
pub(super) fn definitions(
    request: &BuildRequest,
    document: &Node,
    export: &Path,
    name: impl Fn(&str) -> Option<String>,
) -> Node {
    let mut project = document.clone();
    let names = request
        .services
        .iter()
        .map(|service| service.name.clone())
        .filter(|service| document.at(&["services", service, "build"]).is_some())
        .filter(|service| name(service).is_some())
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
    for (service, definition) in services.into_iter().flat_map(Mapping::iter_mut) {
        let Some(definition) = definition.as_map_mut() else {
            continue;
        };
        definition.retain(|key, _| key == "build");
        if let Some(build) = definition.get_mut("build") {
            relocate(build, directory.unwrap_or_default(), export);
        }
        let name = name(service).unwrap_or_default();
        let name = Node::string(name, Span::default());
        definition.insert("image", Span::default(), name);
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
