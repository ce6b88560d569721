//! The steps by which a Compose project that runs already is taken over.

use std::collections::BTreeSet;

use super::Draft;
use super::steps::MARGIN;
use crate::adoption::{Adoption, Neighbour};
use crate::name::ServiceName;
use crate::plan::{Action, Note, Severity, Stage, Step};
use crate::role::Role;

/// What Docker Compose gives a container to stop, where nobody says otherwise.
const GRACE: std::time::Duration = std::time::Duration::from_secs(10);

impl Draft<'_> {
    /// The last thing before the switch: from here to it, nobody answers.
    pub(super) fn take_over(&self) -> Option<Step> {
        let services = &self.facts.around.adoption.as_ref()?.yields;
        let action = Action::TakeOver {
            services: services.iter().cloned().collect(),
        };
        (!services.is_empty()).then(|| self.adopting(Stage::Switching, action))
    }

    /// Never two alive: the old ones stop before the new ones start.
    pub(super) fn retire_singletons(&self) -> Option<Step> {
        self.retire_in(Stage::Switching, self.replaced_singletons())
    }

    /// Once the release is stable.
    pub(super) fn retire(&self) -> Option<Step> {
        self.retire_in(Stage::Finalising, self.replaced_others())
    }

    /// At once when nothing is routed any more: nobody answers until then.
    pub(super) fn give_back(&self) -> Option<Step> {
        let adoption = self.facts.around.adoption.as_ref()?;
        let action = Action::GiveBack {
            services: self.replaced_others(),
            address: !adoption.yields.is_empty(),
        };
        Some(self.adopting(Stage::RollingBack, action))
    }

    /// After those of the release are gone: two of them must never be alive at once.
    pub(super) fn give_back_singletons(&self) -> Option<Step> {
        let services = self.replaced_singletons();
        let action = Action::GiveBack {
            services: services.clone(),
            address: false,
        };
        (!services.is_empty()).then(|| self.adopting(Stage::RollingBack, action))
    }

    pub(super) fn adoption_notes(&self) -> Vec<Note> {
        let Some(adoption) = &self.facts.around.adoption else {
            return self
                .facts
                .around
                .beside
                .iter()
                .map(|one| unadopted(one))
                .collect();
        };
        let mut notes = of_containers(adoption);
        let mut note = |severity, text: String| notes.push(Note { severity, text });
        let listen = self.facts.environment.route.listen;
        if !adoption.yields.is_empty() {
            note(
                Severity::Warning,
                format!(
                    "this once, requests are lost at the switch: `{}` gives up {listen} before the proxy has it, \
                     which takes a fraction of a second; new connections are refused meanwhile, and what is in \
                     hand is cut",
                    join(&adoption.yields)
                ),
            );
        }
        if let Some(one) = adoption.obstacle(listen) {
            let text = format!(
                "`{}` is kept and has {listen}, where the proxy is to listen",
                one.container
            );
            note(Severity::Fatal, text);
        }
        notes
    }

    fn retire_in(&self, stage: Stage, services: Vec<ServiceName>) -> Option<Step> {
        let action = Action::Retire {
            services: services.clone(),
        };
        (!services.is_empty()).then(|| self.adopting(stage, action))
    }

    fn adopting(&self, stage: Stage, action: Action) -> Step {
        Step {
            stage,
            action,
            deadline: self.facts.workload.longest_grace().max(GRACE) + MARGIN,
            makes_live: None,
            resizes: None,
        }
    }

    fn replaced_singletons(&self) -> Vec<ServiceName> {
        self.replaced(|role| role == Some(Role::Singleton))
    }

    fn replaced_others(&self) -> Vec<ServiceName> {
        self.replaced(|role| role != Some(Role::Singleton))
    }

    fn replaced(&self, wanted: impl Fn(Option<Role>) -> bool) -> Vec<ServiceName> {
        let adoption = self.facts.around.adoption.iter();
        let services = adoption.flat_map(Adoption::replaced_services);
        services
            .filter(|service| wanted(self.facts.workload.role(service)))
            .collect()
    }
}

/// What becomes of each container.
fn of_containers(adoption: &Adoption) -> Vec<Note> {
    let project = &adoption.project;
    let note = |one: &Neighbour, what: String| Note {
        severity: Severity::Info,
        text: format!("`{}` of `{project}` {what}", one.container),
    };
    let kept = adoption.kept.iter().map(|one| {
        let volumes: Vec<&str> = one.volumes.iter().map(String::as_str).collect();
        let with = match volumes.as_slice() {
            [] => String::new(),
            volumes => format!(", with {}", volumes.join(" and ")),
        };
        let what = format!("is kept as it is: neither made anew nor restarted{with}");
        note(one, what)
    });
    let running = adoption.replaced.iter().filter(|one| one.running);
    let replaced = running.map(|one| {
        let mut yields = adoption.yields.iter();
        let yields = yields.any(|name| name.as_str() == one.service);
        let ports: Vec<String> = one.published.iter().map(ToString::to_string).collect();
        let until = match ports.as_slice() {
            [_, ..] if !yields => format!(", and answers at {} until then", ports.join(", ")),
            _ => String::new(),
        };
        let what = format!("is stopped when the release is stable, and kept{until}");
        note(one, what)
    });
    let ignored = adoption.ignored.iter().map(|one| {
        let what = "is left alone: the files do not have it".to_owned();
        note(one, what)
    });
    kept.chain(replaced).chain(ignored).collect()
}

fn unadopted(project: &str) -> Note {
    Note {
        severity: Severity::Warning,
        text: format!(
            "the Compose project `{project}` runs from this directory and is not touched: this deployment \
             starts beside it, with volumes of its own; to take its data over, set `adopt: {project}` in the \
             environment"
        ),
    }
}

fn join(services: &BTreeSet<ServiceName>) -> String {
    let names: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    names.join("`, `")
}
