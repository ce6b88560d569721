//! The services of all environments, as the loader reads them.

use std::collections::BTreeMap;

use shipway_compose::model::{Project, Service};
use shipway_compose::yaml::Node;
use shipway_compose::{LoadError, Request, SourceFile, load};

use super::dockerfile;
use super::launch::Launch;
use super::layout::Files;
use super::listing::{DIRECTORY, FromListing, Listing, split};
use super::stage::Stage;
use super::variables::Asked;

/// A service, as the environment nearest to production has it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) service: Service,
    /// The environments that have it.
    pub(super) stages: Vec<Stage>,
    /// The image, or the one that it is built from.
    pub(super) image: Option<String>,
    /// What is run in it.
    pub(super) launch: Launch,
    /// `ports`, `expose` and `EXPOSE`.
    pub(super) ports: Vec<u16>,
}

/// An environment's application.
pub(super) struct Application {
    pub(super) project: Project,
    /// Whether its paths mean something else where they count from its files' folder.
    pub(super) is_moved: bool,
}

/// Loads an environment's files.
pub(super) fn application(
    files: &Files,
    values: &BTreeMap<String, String>,
    asked: &Asked,
    listing: &Listing,
) -> Result<Application, LoadError> {
    let project = load_from(DIRECTORY, files, values, asked, listing)?;
    let folder = files.names.first().map_or("", |name| split(name).0);
    let is_moved = !folder.is_empty() && {
        let there = format!("{DIRECTORY}/{folder}");
        let there = load_from(&there, files, values, asked, listing);
        !there.is_ok_and(|there| there.tree.same_value(&project.tree))
    };
    Ok(Application { project, is_moved })
}

fn load_from(
    directory: &str,
    files: &Files,
    values: &BTreeMap<String, String>,
    asked: &Asked,
    listing: &Listing,
) -> Result<Project, LoadError> {
    let source = |name: &String| SourceFile {
        name: format!("{DIRECTORY}/{name}"),
        text: listing.text(name).unwrap_or_default().to_owned(),
    };
    let sources: Vec<SourceFile> = files.names.iter().map(source).collect();
    // Something has to stand where nobody gave a default; what it is tells nothing.
    let variables = |name: &str| {
        let value = values.get(name).filter(|value| !value.is_empty());
        value
            .cloned()
            .or_else(|| asked.bare.contains(name).then(|| "1".to_owned()))
    };
    let request = Request {
        name: Some("project"),
        ..Request::new(&sources, directory).with_variables(&variables)
    };
    load(&request, &mut FromListing { listing }).map(|loaded| loaded.project)
}

/// The services of all environments, in the order in which the files name them first.
pub(super) fn services(applications: &[(Stage, &Files, Project)], listing: &Listing) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    for (stage, files, project) in applications {
        let folder = files.names.first().map_or("", |name| split(name).0);
        for service in project.services.values() {
            let mut one = look(service, &project.tree, folder, listing);
            one.stages.push(*stage);
            match seen
                .iter_mut()
                .find(|known| known.service.name == service.name)
            {
                Some(known) => {
                    let before = std::mem::take(&mut known.stages);
                    one.stages.splice(0..0, before);
                    // Tests often lack what the service is started with.
                    if one.launch.is_empty() {
                        one.launch = std::mem::take(&mut known.launch);
                    }
                    if one.ports.is_empty() {
                        one.ports = std::mem::take(&mut known.ports);
                    }
                    *known = one;
                }
                None => seen.push(one),
            }
        }
    }
    seen
}

fn look(service: &Service, tree: &Node, folder: &str, listing: &Listing) -> Seen {
    let docker = service
        .build
        .as_ref()
        .and_then(|build| dockerfile::of(build, folder, listing))
        .unwrap_or_default();
    let line = |words: &Option<Vec<String>>| words.as_ref().map(|words| words.join(" "));
    let (entrypoint, command) = (line(&service.entrypoint), line(&service.command));
    let launch = match (entrypoint, command) {
        (None, None) => Launch::of(&[&docker.command]),
        (entrypoint, command) => Launch::of(&[
            &entrypoint.unwrap_or_default(),
            &command.unwrap_or_default(),
        ]),
    };
    let exposed = tree.at(&["services", &service.name, "expose"]);
    let exposed = exposed.and_then(Node::as_sequence).unwrap_or_default();
    let exposed = exposed.iter().filter_map(|port| {
        let text = port.as_scalar()?.text.split('/').next()?;
        text.parse().ok()
    });
    let ports = service.ports.iter().map(|port| port.target);
    Seen {
        stages: Vec::new(),
        image: match &service.build {
            Some(_) => docker.from,
            None => service.image.clone(),
        },
        launch,
        ports: ports.chain(exposed).chain(docker.port).collect(),
        service: service.clone(),
    }
}
