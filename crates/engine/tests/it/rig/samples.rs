//! What tests deploy, and where.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_compose::model::Service;
use shipway_compose::process::Process;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::{self, Member, Workload};

use super::ACTOR;

pub(crate) fn production() -> EnvironmentName {
    "production".parse().expect("a name")
}

pub(crate) fn key() -> RouteKey {
    RouteKey {
        project: "shop".parse().expect("a name"),
        environment: production(),
    }
}

pub(crate) fn web(number: u32) -> InstanceId {
    format!("web-{number}").parse().expect("an instance")
}

pub(crate) fn release(number: u32) -> Release {
    Release {
        id: format!("r{number:012x}").parse().expect("a release id"),
        project: "shop".parse().expect("a name"),
        commit: format!("{number:040x}"),
        subject: format!("release {number}"),
        branch: Some("main".to_owned()),
        artifacts: BTreeMap::from([(
            "web".to_owned(),
            format!("registry/web@sha256:{number:064x}"),
        )]),
        // In a registry, so that its tags are part of every deployment.
        builds: BTreeMap::from([("web".parse().expect("a name"), Digest::of(b"web"))]),
        platforms: vec![],
        created: Timestamp(u64::from(number)),
        created_by: ACTOR.to_owned(),
    }
}

pub(crate) fn workload(release: u32, web: u32) -> Workload {
    let member = |name: &str, role, replicas| Member {
        name: name.parse().expect("a name"),
        role,
        service: service(name, release, replicas),
    };
    Workload {
        version: workload::VERSION,
        members: vec![
            member("web", Role::Web, web),
            member("worker", Role::Worker, 1),
            member("beat", Role::Singleton, 1),
            member("db", Role::Stateful, 1),
        ],
        routed: "web".parse().expect("a name"),
        left_out: vec![],
        model: None,
        files: vec![],
    }
}

fn service(name: &str, release: u32, replicas: u32) -> Service {
    Service {
        name: name.to_owned(),
        command: Some(vec![name.to_owned()]),
        environment: IndexMap::from([("NUMBER".to_owned(), Some(release.to_string()))]),
        replicas,
        stop_signal: "SIGTERM".to_owned(),
        stop_grace_period: Duration::from_secs(10),
        process: Some(Process::default()),
        ..Service::default()
    }
}
