//! What a plan says beside its steps: the health question, and what a reader should know.

use super::Draft;
use crate::config::Environment;
use crate::name::ServiceName;
use crate::plan::{Note, Probe, Scaled, Severity};
use crate::strategy::Strategy;

/// How an instance of the routed service is asked for its health.
pub(in crate::plan) fn probe(environment: &Environment) -> Option<Probe> {
    let health = &environment.health;
    let host = health.host.clone();
    // A pattern such as `*.example.org` is no name to ask for.
    let mut hosts = environment.route.hosts.iter();
    let named = hosts.find(|host| !host.starts_with('*'));
    Some(Probe {
        path: health.path.clone()?,
        host: host
            .or_else(|| named.cloned())
            .unwrap_or_else(|| "localhost".to_owned()),
        interval: health.interval,
        timeout: health.timeout,
    })
}

impl Draft<'_> {
    /// Never two alive means none alive for a moment.
    fn singleton_note(&self) -> Option<Note> {
        let live = self.facts.live?;
        let replaced = self
            .singletons
            .keys()
            .filter(|name| live.sizes.contains_key(*name));
        let names: Vec<&str> = replaced.map(crate::name::ServiceName::as_str).collect();
        (!names.is_empty()).then(|| Note {
            severity: Severity::Info,
            text: format!(
                "`{}` is stopped before the new one starts: between the two, none runs",
                names.join("`, `")
            ),
        })
    }

    /// What both releases share is not changed by a switch.
    fn pending_notes(&self) -> impl Iterator<Item = Note> {
        let environment = &self.facts.environment.name;
        self.facts.around.pending.iter().map(move |pending| Note {
            severity: Severity::Warning,
            text: format!(
                "{}: a deployment does not change it; once the release is live, `shipway renew {environment} {}` \
                 does, and says what that interrupts",
                pending.describe(),
                pending.service
            ),
        })
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self
            .facts
            .workload
            .left_out
            .iter()
            .map(|service| Note {
                severity: Severity::Info,
                text: format!("service `{service}` has no `x-shipway.process` and is not run"),
            })
            .collect();
        let secrets = self.facts.workload.secrets().into_iter();
        notes.extend(secrets.map(|(secret, version)| Note {
            severity: Severity::Info,
            text: format!("reads {version} of the secret `{secret}`"),
        }));
        notes.extend(self.adoption_notes());
        notes.extend(self.pending_notes());
        notes.extend(self.upkeep_notes());
        notes.extend(self.singleton_note());
        notes.extend(self.migration_notes());
        let is_replaced =
            self.facts.environment.strategy == Strategy::Recreate || self.incoming().is_some();
        if is_replaced && self.facts.live.is_some() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "requests wait at the proxy while the release is replaced, each for 30 s at most".to_owned(),
            });
        }
        if self
            .facts
            .live
            .is_some_and(|live| live.release == self.facts.release.id)
        {
            notes.push(Note {
                severity: Severity::Info,
                text: format!("release {} is live already", self.facts.release.id),
            });
        }
        if self.facts.environment.bake.duration.is_zero() {
            notes.push(Note {
                severity: Severity::Warning,
                text: "`bake.duration` is 0: the release is not judged after the switch".to_owned(),
            });
        }
        notes.extend(self.size_notes());
        notes.extend(self.other_builds());
        notes
    }

    /// Where the Compose files and an operator ask for different numbers.
    fn size_notes(&self) -> Vec<Note> {
        let before = self.facts.live.iter().flat_map(|live| &live.scaled);
        let text = |(service, scaled): (&ServiceName, &Scaled)| {
            let size = scaled.size;
            if self.target.scaled.contains_key(service) {
                let file = scaled.file;
                format!(
                    "`{service}` keeps the size {size} that `shipway scale` gave it; the Compose files said {file}"
                )
            } else {
                let new = self.target.sizes.get(service).copied().unwrap_or(0);
                format!(
                    "`{service}` gets the size {new} of the Compose files, which changed since `shipway scale` made it {size}"
                )
            }
        };
        before
            .map(|one| Note {
                severity: Severity::Info,
                text: text(one),
            })
            .collect()
    }

    /// Where the environment's files ask for another image than the release brings.
    fn other_builds(&self) -> Vec<Note> {
        let release = self.facts.release;
        let environment = &self.facts.environment.name;
        let note = |severity, text| Note { severity, text };
        let wanted = self.facts.workload.builds();
        wanted
            .into_iter()
            .filter_map(|(service, build)| {
                let made = release.builds.get(&service);
                if !release.artifacts.contains_key(service.as_str()) {
                    let text = format!(
                        "the release has no image of `{service}`, which the files of \
                         `{environment}` build: add the service to the environment that the \
                         release is built for"
                    );
                    return Some(note(Severity::Fatal, text));
                }
                // Older releases do not say what they were built from.
                let is_other = release.has_images() && made != Some(&build);
                is_other.then(|| {
                    let text = format!(
                        "the files of `{environment}` ask for another build of `{service}`: the \
                         release's own image runs, unchanged"
                    );
                    note(Severity::Warning, text)
                })
            })
            .collect()
    }
}
