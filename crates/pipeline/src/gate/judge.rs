//! What a gate says: from how its command ended and what that reported.
//!
//! A report is believed over the exit code where it is the worse of the two: test runners and
//! scanners can be told to end with 0 whatever they found. A report that is missing or cannot be
//! read is no pass.

use std::collections::BTreeMap;

use super::finding::{Finding, beyond, sift};
use super::report::{audit, coverage, first_of, junit, sarif};
use super::split::Timings;
use super::{Gate, Sarif, SarifLevel, Verdict};
use crate::time::Timestamp;

/// How a gate's command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed when its time was over.
    Deadline,
    /// It could not be started.
    NotStarted(String),
}

/// What one part of a run left: how it ended, the reports that it wrote and the baselines that the commit
/// holds, by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How it ended.
    pub ended: Ended,
    /// The texts of those that are there.
    pub reports: BTreeMap<String, String>,
}

/// What is known besides the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The time, by which waivers end.
    pub now: Timestamp,
    /// The share of lines that were covered at the last release.
    pub coverage: Option<f64>,
}

/// What a run says, and what it measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it says of the commit.
    pub verdict: Verdict,
    /// The share of lines that are covered by its parts together.
    pub coverage: Option<f64>,
    /// Findings that were let through, by whom and why.
    pub waived: Vec<String>,
    /// What the tests of each file took, in seconds.
    pub timings: Timings,
}

/// Brings a gate's reports together.
struct Judge<'a> {
    gate: &'a Gate,
    known: Known,
    told: Judgement,
}

/// What a run says of the commit, by what each of its parts left.
#[must_use]
pub fn judge(gate: &Gate, parts: &[Evidence], known: Known) -> Judgement {
    let mut judge = Judge {
        gate,
        known,
        told: Judgement {
            verdict: Verdict::Passed,
            coverage: None,
            waived: Vec::new(),
            timings: Timings::new(),
        },
    };
    let mut endings = Verdict::Passed;
    for part in parts {
        let ended = of_ending(&part.ended);
        // Nobody knows whether what was not started or was killed would have found something.
        if !matches!(ended, Verdict::Inconclusive { .. }) {
            judge.reports(part);
        }
        endings = endings.and(ended);
    }
    if !matches!(endings, Verdict::Inconclusive { .. }) {
        judge.coverage(parts);
    }
    let mut told = judge.told;
    // A report tells more than a bare exit code.
    if !matches!(told.verdict, Verdict::Failed { .. }) {
        told.verdict = endings.and(told.verdict);
    }
    told
}

// === impl Evidence ===

impl Evidence {
    /// What a report holds; a missing or unreadable one says nothing.
    fn read<'a, T>(
        &'a self,
        path: &str,
        parse: impl Fn(&'a str) -> Result<T, String>,
    ) -> Result<T, Verdict> {
        let Some(text) = self.reports.get(path) else {
            return Err(inconclusive(format!("there is no `{path}`")));
        };
        parse(text).map_err(|reason| inconclusive(format!("`{path}`: {reason}")))
    }
}

// === impl Judge ===

impl Judge<'_> {
    fn reports(&mut self, part: &Evidence) {
        let reports = &self.gate.reports;
        if let Some(path) = &reports.junit {
            let results = part.read(path, junit::read);
            let verdict = results.map(|results| {
                for (file, seconds) in results.timings {
                    *self.told.timings.entry(file).or_default() += seconds;
                }
                results.verdict
            });
            self.add(verdict);
        }
        if let Some(wanted) = &reports.sarif {
            let verdict = self.sarif(part, wanted);
            self.add(verdict);
        }
        if let Some(path) = &reports.pip_audit {
            let verdict = self.audit(part, path);
            self.add(verdict);
        }
    }

    /// A line is covered if any of the parts covers it.
    fn coverage(&mut self, parts: &[Evidence]) {
        let Some(wanted) = &self.gate.reports.coverage else {
            return;
        };
        let path = &wanted.path;
        let texts = parts.iter().map(|part| part.read(path, Ok));
        let share = texts.collect::<Result<Vec<_>, _>>().and_then(|texts| {
            let share = coverage::share(&texts);
            share.map_err(|reason| inconclusive(format!("`{path}`: {reason}")))
        });
        self.told.coverage = share.as_ref().ok().copied();
        let last = self.known.coverage;
        self.add(share.map(|share| coverage::judge(share, wanted, last)));
    }

    fn sarif(&mut self, part: &Evidence, wanted: &Sarif) -> Result<Verdict, Verdict> {
        let look = |text: &str| {
            let found = sarif::findings(text, wanted.level)?;
            found.ok_or_else(|| "the scanner reports no run of its own".to_owned())
        };
        let mut found = part.read(&wanted.path, look)?;
        if let Some(baseline) = &wanted.baseline {
            let known = |text: &str| {
                let known = sarif::findings(text, SarifLevel::None)?;
                Ok(known.unwrap_or_default())
            };
            found = beyond(found, part.read(baseline, known)?);
        }
        Ok(self.sift(&found, |left| {
            let noun = if left.len() == 1 {
                "finding"
            } else {
                "findings"
            };
            format!("{} {noun}: {}", left.len(), first_of(left))
        }))
    }

    fn audit(&mut self, part: &Evidence, path: &str) -> Result<Verdict, Verdict> {
        let audit = part.read(path, audit::read)?;
        let verdict = self.sift(&audit.found, |left| {
            format!("known vulnerabilities: {}", first_of(left))
        });
        if audit.skipped.is_empty() {
            return Ok(verdict);
        }
        // One that was skipped was not looked at.
        let skipped = format!("not looked at: {}", first_of(&audit.skipped));
        Ok(verdict.and(inconclusive(skipped)))
    }

    /// What is left of findings when the waivers have taken theirs.
    fn sift(&mut self, found: &[Finding], tell: impl Fn(&[String]) -> String) -> Verdict {
        let sifted = sift(found, &self.gate.waivers, self.known.now);
        for waived in sifted.waived {
            if !self.told.waived.contains(&waived) {
                self.told.waived.push(waived);
            }
        }
        if sifted.left.is_empty() {
            return Verdict::Passed;
        }
        let reason = tell(&sifted.left);
        Verdict::Failed { reason }
    }

    fn add(&mut self, verdict: Result<Verdict, Verdict>) {
        let (Ok(verdict) | Err(verdict)) = verdict;
        let known = std::mem::replace(&mut self.told.verdict, Verdict::Passed);
        self.told.verdict = known.and(verdict);
    }
}

fn of_ending(ended: &Ended) -> Verdict {
    match ended {
        Ended::Code(0) => Verdict::Passed,
        Ended::Code(code) => Verdict::Failed {
            reason: format!("exit code {code}"),
        },
        Ended::Signal(signal) => inconclusive(format!("ended by signal {signal}")),
        Ended::Deadline => inconclusive("not done in time, killed".to_owned()),
        Ended::NotStarted(reason) => inconclusive(format!("it could not be started: {reason}")),
    }
}

fn inconclusive(reason: String) -> Verdict {
    Verdict::Inconclusive { reason }
}

#[cfg(test)]
mod tests;
