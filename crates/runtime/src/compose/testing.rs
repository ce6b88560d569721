//! Specs for tests, from the text of a document.

use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Model;

use crate::{Artifact, BuildRequest, ColourKey, ColourSpec, FileContents, Form, Origin};

/// The directory that documents of tests are written for.
pub(super) const DIRECTORY: &str = "/srv/shop";

pub(super) fn model(document: &str) -> Model {
    Model {
        document: document.to_owned(),
        directory: DIRECTORY.to_owned(),
        listens: [("web".to_owned(), 8000)].into(),
        host: None,
        adopt: None,
    }
}

/// What is to run of a canonical document: these services in these sizes.
pub(super) fn spec(document: &str, slot: Slot, sizes: &[(&str, u32)]) -> ColourSpec {
    let files = [SourceFile {
        name: "compose.yml".to_owned(),
        text: document.to_owned(),
    }];
    let loaded = load(&Request::new(&files, DIRECTORY), &mut NoFiles).unwrap();
    let services = sizes.iter().map(|(name, replicas)| {
        let mut service = loaded.project.services[*name].clone();
        service.replicas = *replicas;
        service
    });
    ColourSpec {
        key: ColourKey {
            route: RouteKey {
                project: "shop".parse().unwrap(),
                environment: "testing".parse().unwrap(),
            },
            slot,
        },
        release: "r1f3a9c2b4d5e".parse().unwrap(),
        deployment: DeploymentId(7),
        epoch: Epoch(3),
        artifact: Artifact {
            form: Form::Image,
            digests: sizes
                .iter()
                .map(|(name, _)| ((*name).to_owned(), format!("sha256:{name}")))
                .collect(),
            platforms: Vec::new(),
        },
        services: services.collect(),
        model: Some(model(document)),
        files: FileContents::new(),
    }
}

/// A build of all services of a document.
pub(super) fn build_request(document: &str, services: &[&str]) -> BuildRequest {
    let sizes: Vec<(&str, u32)> = services.iter().map(|name| (*name, 1)).collect();
    let spec = spec(document, Slot::Blue, &sizes);
    BuildRequest {
        at: spec.key.route,
        repository: "/srv/shop".into(),
        subdirectory: "".into(),
        commit: "0".repeat(40),
        services: spec.services,
        model: Some(model(document)),
        origin: Origin::default(),
        registry: None,
        platforms: Vec::new(),
        secrets: [].into(),
        deadline: std::time::Duration::from_secs(60),
    }
}
