//! Gates, and who needs whom.

use std::path::{Component, Path};

use indexmap::IndexMap;
use shipway_compose::diagnostic::nearest;
use shipway_compose::yaml::Span;

use super::Checker;
use crate::config::default;
use crate::config::error::problem;
use crate::config::raw;
use crate::config::tree::Placed;
use crate::gate::{Coverage, Gate, Place, Reports, Sarif, SarifLevel, Seconds, Waiver};
use crate::name::GateName;

impl Checker {
    pub(super) fn gates(
        &mut self,
        raw: IndexMap<Placed<raw::Name>, raw::Gate>,
    ) -> IndexMap<GateName, Gate> {
        let known: Vec<String> = raw.keys().map(|key| key.value.0.clone()).collect();
        let mut gates = IndexMap::new();
        let mut places = IndexMap::new();
        for (key, gate) in raw {
            if let Some(name) = self.name::<GateName>(&key) {
                places.insert(name.clone(), key.span);
                let gate = self.gate(name.clone(), gate, &known);
                gates.insert(name, gate);
            }
        }
        self.check_needs(&gates, &places);
        gates
    }

    fn gate(&mut self, name: GateName, raw: raw::Gate, known: &[String]) -> Gate {
        if raw.run.value.trim().is_empty() {
            self.report(problem(raw.run.span, "the command is empty"));
        }
        let valid_for = raw.valid_for.map(|text| {
            let duration = self.duration(Some(text), default::GATE_TIMEOUT);
            Seconds(duration.as_secs())
        });
        Gate {
            name,
            run: raw.run.value,
            place: match raw.place {
                Some(raw::GatePlace::Image) => Place::Image,
                Some(raw::GatePlace::Host) | None => Place::Host,
            },
            needs: self.gate_names(raw.needs.unwrap_or_default(), known),
            timeout: self.duration(raw.timeout, default::GATE_TIMEOUT),
            retries: raw.retries.unwrap_or(0),
            parallel: raw.parallel.unwrap_or(1),
            valid_for,
            reports: self.reports(raw.reports.unwrap_or_default()),
            waivers: self.waivers(raw.waivers.unwrap_or_default()),
        }
    }

    fn waivers(&mut self, raw: Vec<raw::Waiver>) -> Vec<Waiver> {
        let mut waivers = Vec::new();
        for waiver in raw {
            for (text, what) in [
                (&waiver.finding, "finding"),
                (&waiver.reason, "reason"),
                (&waiver.owner, "owner"),
            ] {
                if text.value.trim().is_empty() {
                    self.report(problem(text.span, format!("the {what} is empty")));
                }
            }
            let day = waiver.expires;
            let Ok(expires) = day.value.parse() else {
                let told = problem(day.span, format!("`{}` is no day", day.value));
                self.report(told.with_help("a day is written as `2027-01-31`"));
                continue;
            };
            waivers.push(Waiver {
                finding: waiver.finding.value,
                place: waiver.place,
                reason: waiver.reason.value,
                owner: waiver.owner.value,
                expires,
            });
        }
        waivers
    }

    fn reports(&mut self, raw: raw::Reports) -> Reports {
        let coverage = raw.coverage.map(|coverage| Coverage {
            path: self.path_inside(coverage.path),
            minimum: self.ratio(Some(coverage.minimum), 1.0),
            may_drop: coverage.may_drop.map(|drop| self.ratio(Some(drop), 0.0)),
        });
        let sarif = raw.sarif.map(|sarif| Sarif {
            path: self.path_inside(sarif.path),
            level: match sarif.level {
                Some(raw::SarifLevel::Note) => SarifLevel::Note,
                Some(raw::SarifLevel::Warning) => SarifLevel::Warning,
                Some(raw::SarifLevel::Error) | None => SarifLevel::Error,
            },
            baseline: sarif.baseline.map(|path| self.path_inside(path)),
        });
        Reports {
            junit: raw.junit.map(|path| self.path_inside(path)),
            coverage,
            sarif,
            pip_audit: raw.pip_audit.map(|path| self.path_inside(path)),
        }
    }

    /// A path that stays in the export: what is there is removed before a run.
    fn path_inside(&mut self, path: Placed<String>) -> String {
        let mut parts = Path::new(&path.value).components();
        if path.value.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_))) {
            let told = problem(
                path.span,
                format!("`{}` is no path in the export", path.value),
            );
            self.report(told.with_help("write it relative to the project, without `..`"));
        }
        path.value
    }

    /// Names of gates; `known` are those that there are.
    pub(super) fn gate_names(
        &mut self,
        raw: Vec<Placed<raw::Name>>,
        known: &[String],
    ) -> Vec<GateName> {
        let mut names = Vec::new();
        for name in raw {
            let text = &name.value.0;
            if known.contains(text) {
                names.extend(self.name::<GateName>(&name));
                continue;
            }
            let help = match nearest(text, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "`gates` of the file has none".to_owned(),
                None => format!("the gates are {}", known.join(", ")),
            };
            let told = problem(name.span, format!("there is no gate `{text}`"));
            self.report(told.with_help(help));
        }
        names
    }

    /// A gate that needs itself, through others or not, would never begin.
    fn check_needs(&mut self, gates: &IndexMap<GateName, Gate>, places: &IndexMap<GateName, Span>) {
        // What is left when gates are taken away as soon as they need nothing that is left.
        let mut left: Vec<&Gate> = gates.values().collect();
        loop {
            let before = left.len();
            let names: Vec<&GateName> = left.iter().map(|gate| &gate.name).collect();
            left.retain(|gate| gate.needs.iter().any(|need| names.contains(&need)));
            if left.len() == before {
                break;
            }
        }
        if let Some(first) = left.first() {
            let names: Vec<String> = left.iter().map(|gate| format!("`{}`", gate.name)).collect();
            let place = places.get(&first.name).copied().unwrap_or_default();
            let message = format!("no gate of {} can ever begin", names.join(", "));
            self.report(problem(place, message).with_help("their `needs` lead round in a circle"));
        }
    }
}
