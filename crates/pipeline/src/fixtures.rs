//! Small configurations, workloads and plans for the tests of this crate.

use std::time::Duration;

use shipway_compose::model::Service;
use shipway_compose::process::Process;

use crate::colour::Colour;
use crate::config::{self, Config};
use crate::id::DeploymentId;
use crate::plan::{Around, Facts, Kind, Occupant, Plan, Scales, Sizes, make};
use crate::release::Release;
use crate::role::Role;
use crate::time::Timestamp;
use crate::workload::{self, Member, Workload};

pub(crate) fn config(strategy: &str) -> Config {
    config::parse(&format!(
        "project: shop
services:
  web: {{ role: web }}
  worker: {{ role: worker }}
  beat: {{ role: singleton }}
migrate: {{ service: web, command: migrate }}
environments:
  production:
    strategy: {strategy}
    route: {{ listen: 8080 }}
    health: {{ path: /health/, smoke: [/] }}
"
    ))
    .unwrap()
}

pub(crate) fn service(name: &str, replicas: u32) -> Service {
    Service {
        name: name.to_owned(),
        command: Some(vec![name.to_owned()]),
        replicas,
        stop_signal: "SIGTERM".to_owned(),
        stop_grace_period: Duration::from_secs(10),
        process: Some(Process::default()),
        ..Service::default()
    }
}

pub(crate) fn workload(web: u32) -> Workload {
    let member = |name: &str, role, replicas| Member {
        name: name.parse().unwrap(),
        role,
        service: service(name, replicas),
    };
    Workload {
        version: workload::VERSION,
        members: vec![
            member("web", Role::Web, web),
            member("worker", Role::Worker, 1),
            member("beat", Role::Singleton, 1),
        ],
        routed: "web".parse().unwrap(),
        left_out: vec![],
        model: None,
        files: vec![],
    }
}

pub(crate) fn release() -> Release {
    Release {
        id: "r000000000002".parse().unwrap(),
        project: "shop".parse().unwrap(),
        commit: "c".repeat(40),
        subject: "second".to_owned(),
        branch: None,
        artifacts: [("web".to_owned(), "sha256:02".to_owned())].into(),
        builds: [].into(),
        platforms: vec![],
        created: Timestamp(2),
        created_by: "alice".to_owned(),
    }
}

pub(crate) fn occupant(web: u32) -> Occupant {
    Occupant {
        release: "r000000000001".parse().unwrap(),
        deployment: DeploymentId(1),
        colour: Colour::Blue,
        workload: workload(web).digest(),
        sizes: Sizes::from([
            ("web".parse().unwrap(), web),
            ("worker".parse().unwrap(), 1),
            ("beat".parse().unwrap(), 1),
        ]),
        scaled: Scales::new(),
    }
}

pub(crate) fn plan(strategy: &str, old: Option<u32>, new: u32) -> Plan {
    plan_of(Kind::Deploy, strategy, old, new)
}

pub(crate) fn plan_of(kind: Kind, strategy: &str, old: Option<u32>, new: u32) -> Plan {
    let config = config(strategy);
    let live = old.map(occupant);
    make(&Facts {
        deployment: DeploymentId(2),
        kind,
        config: &config,
        environment: &config.environments[0],
        release: &release(),
        workload: &workload(new),
        live: live.as_ref(),
        around: &Around::default(),
    })
}
