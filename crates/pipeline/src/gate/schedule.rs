//! Which gate may begin: a state machine over the graph of what needs what.

use indexmap::IndexMap;

use super::{Gate, Verdict};
use crate::name::GateName;

/// The gates of a run, and how each stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    gates: IndexMap<GateName, (Gate, Standing)>,
}

/// How a gate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// What it needs is not over.
    Waiting,
    /// It was begun.
    Running,
    /// It is over.
    Over(Verdict),
    /// What it needs did not pass, so that it is not begun.
    Skipped {
        /// What did not pass.
        because: GateName,
    },
}

// === impl Schedule ===

impl Schedule {
    /// A run of these gates, and of all that they need. Names that no gate has are left out.
    #[must_use]
    pub fn new(all: &IndexMap<GateName, Gate>, wanted: &[GateName]) -> Self {
        let mut names: Vec<&GateName> = wanted.iter().collect();
        let mut found = Vec::new();
        while let Some(name) = names.pop() {
            let Some((index, _, gate)) = all.get_full(name) else {
                continue;
            };
            if !found.contains(&index) {
                found.push(index);
                names.extend(&gate.needs);
            }
        }
        // In the order of the file.
        found.sort_unstable();
        let gates = found.into_iter().filter_map(|index| {
            let (name, gate) = all.get_index(index)?;
            Some((name.clone(), (gate.clone(), Standing::Waiting)))
        });
        Self {
            gates: gates.collect(),
        }
    }

    /// The gates that may begin now, in the order of the file.
    #[must_use]
    pub fn ready(&self) -> Vec<&Gate> {
        let waiting = self.gates.values().filter(|(gate, standing)| {
            *standing == Standing::Waiting && gate.needs.iter().all(|need| self.has_passed(need))
        });
        waiting.map(|(gate, _)| gate).collect()
    }

    /// How each gate stands, in the order of the file.
    pub fn standings(&self) -> impl Iterator<Item = (&Gate, &Standing)> {
        self.gates.values().map(|(gate, standing)| (gate, standing))
    }

    /// Whether every gate passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.gates.keys().all(|name| self.has_passed(name))
    }

    /// A gate was begun.
    pub fn begin(&mut self, name: &GateName) {
        self.set(name, Standing::Running);
    }

    /// A gate is over. What needs it, directly or not, is skipped where it did not pass.
    pub fn end(&mut self, name: &GateName, verdict: Verdict) {
        let is_pass = verdict.is_pass();
        self.set(name, Standing::Over(verdict));
        if !is_pass {
            self.skip_after(name);
        }
    }

    fn skip_after(&mut self, name: &GateName) {
        let waits = |(gate, standing): &&(Gate, Standing)| {
            *standing == Standing::Waiting && gate.needs.contains(name)
        };
        let skipped: Vec<GateName> = self
            .gates
            .values()
            .filter(waits)
            .map(|(gate, _)| gate.name.clone())
            .collect();
        for next in &skipped {
            let because = name.clone();
            self.set(next, Standing::Skipped { because });
        }
        for next in &skipped {
            self.skip_after(next);
        }
    }

    fn set(&mut self, name: &GateName, standing: Standing) {
        if let Some((_, old)) = self.gates.get_mut(name) {
            *old = standing;
        }
    }

    fn has_passed(&self, name: &GateName) -> bool {
        let found = self.gates.get(name).map(|(_, standing)| standing);
        matches!(found, Some(Standing::Over(verdict)) if verdict.is_pass())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::gate;
    use super::*;

    fn all() -> IndexMap<GateName, Gate> {
        let gates = [
            gate("lint", &[]),
            gate("tests", &["lint"]),
            gate("build", &["lint"]),
            gate("scan", &["build"]),
            gate("docs", &[]),
        ];
        gates.map(|gate| (gate.name.clone(), gate)).into()
    }

    fn name(text: &str) -> GateName {
        text.parse().unwrap()
    }

    fn ready(schedule: &Schedule) -> Vec<&str> {
        let ready = schedule.ready().into_iter();
        ready.map(|gate| gate.name.as_str()).collect()
    }

    fn failed() -> Verdict {
        Verdict::Failed {
            reason: "exit code 1".to_owned(),
        }
    }

    #[test]
    fn what_is_wanted_brings_along_what_it_needs() {
        let schedule = Schedule::new(&all(), &[name("scan"), name("unknown")]);
        let names: Vec<&str> = schedule.gates.keys().map(GateName::as_str).collect();
        assert_eq!(names, ["lint", "build", "scan"]);
    }

    #[test]
    fn a_gate_begins_when_all_that_it_needs_passed() {
        let mut schedule = Schedule::new(&all(), &all().into_keys().collect::<Vec<_>>());
        assert_eq!(ready(&schedule), ["lint", "docs"]);
        schedule.begin(&name("lint"));
        assert_eq!(ready(&schedule), ["docs"]);
        schedule.end(&name("lint"), Verdict::Passed);
        assert_eq!(ready(&schedule), ["tests", "build", "docs"]);
    }

    #[test]
    fn what_needs_a_failed_gate_is_skipped_and_the_rest_goes_on() {
        let mut schedule = Schedule::new(&all(), &[name("tests"), name("scan"), name("docs")]);
        schedule.begin(&name("lint"));
        schedule.end(&name("lint"), failed());
        assert_eq!(ready(&schedule), ["docs"]);
        schedule.end(&name("docs"), Verdict::Passed);
        let skipped = |of: &str| Standing::Skipped { because: name(of) };
        let standings: Vec<_> = schedule.standings().map(|(_, it)| it.clone()).collect();
        let over = Standing::Over;
        assert_eq!(
            standings,
            [
                over(failed()),
                skipped("lint"),
                skipped("lint"),
                skipped("build"),
                over(Verdict::Passed)
            ]
        );
        assert!(!schedule.is_passed());
    }

    proptest::proptest! {
        /// Whatever the graph and the verdicts, a run ends, and nothing begins before its needs.
        #[test]
        fn every_run_ends(needs in proptest::collection::vec(0_u8..=255, 1..9), bad in 0_u16..512) {
            let gates: Vec<Gate> = needs
                .iter()
                .enumerate()
                .map(|(index, bits)| {
                    // Only of gates before it, so that there is no cycle.
                    let before = (0..index).filter(|before| bits & (1 << before) != 0);
                    let needs: Vec<String> = before.map(|before| format!("g{before}")).collect();
                    let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                    gate(&format!("g{index}"), &needs)
                })
                .collect();
            let wanted: Vec<GateName> = gates.iter().map(|gate| gate.name.clone()).collect();
            let all = gates.into_iter().map(|gate| (gate.name.clone(), gate)).collect();
            let mut schedule = Schedule::new(&all, &wanted);
            for _ in 0..wanted.len() {
                let Some(next) = schedule.ready().first().map(|gate| (*gate).clone()) else { break };
                for need in &next.needs {
                    proptest::prop_assert!(schedule.has_passed(need));
                }
                schedule.begin(&next.name);
                let index = wanted.iter().position(|name| *name == next.name).unwrap();
                let verdict = if bad & (1 << index) != 0 { failed() } else { Verdict::Passed };
                schedule.end(&next.name, verdict);
            }
            let is_over = |standing: &Standing| {
                matches!(standing, Standing::Over(_) | Standing::Skipped { .. })
            };
            proptest::prop_assert!(schedule.standings().all(|(_, standing)| is_over(standing)));
        }
    }
}
