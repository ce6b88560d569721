//! What gates said of commits, for ever.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::gate::Verdict;
use shipway_pipeline::name::GateName;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

/// A gate that was run for a commit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateRun {
    /// Which gate.
    pub gate: GateName,
    /// The full commit id.
    pub commit: String,
    /// What was checked.
    pub definition: Digest,
    /// The image that it ran in, by its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What it said.
    pub verdict: Verdict,
    /// The share of lines that are covered, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Findings that were let through, by whom and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When the first try began.
    pub began: Timestamp,
    /// When the last one ended.
    pub ended: Timestamp,
    /// Its log, in the state directory.
    pub log: String,
    /// Who asked for it.
    pub by: String,
}

const COLUMNS: &str =
    "gate, revision, definition, verdict, attempts, began, ended, log, by, coverage, waived, image";

impl Store {
    /// Records what a gate said.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_gate_run(&self, run: &GateRun) -> Result<(), Error> {
        const ACTION: &str = "record what a gate said";
        let verdict = serde_json::to_string(&run.verdict).expect("a verdict has only text keys");
        let waived = serde_json::to_string(&run.waived).expect("texts are JSON");
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    &format!(
                        "INSERT INTO gate_runs ({COLUMNS})
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
                    ),
                    params![
                        run.gate.as_str(),
                        run.commit,
                        run.definition.to_string(),
                        verdict,
                        run.attempts,
                        run.began.0 as i64,
                        run.ended.0 as i64,
                        run.log,
                        run.by,
                        run.coverage,
                        waived,
                        run.image,
                    ],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }

    /// The share of lines that were covered at the newest release of another commit, by the pass
    /// of a gate.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn last_coverage(&self, gate: &GateName, commit: &str) -> Result<Option<f64>, Error> {
        const ACTION: &str = "read what gates measured";
        self.read()
            .query_row(
                "SELECT run.coverage
                 FROM releases AS release CROSS JOIN gate_runs AS run
                 ON run.revision = release.document ->> '$.commit' AND run.gate = ?1
                 WHERE run.revision <> ?2 AND run.coverage IS NOT NULL
                   AND run.verdict ->> '$.verdict' = 'passed'
                 ORDER BY release.created DESC, run.id DESC LIMIT 1",
                [gate.as_str(), commit],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database(ACTION))
    }

    /// The log of the newest pass of a gate, of whatever commit.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn last_pass(&self, gate: &GateName) -> Result<Option<String>, Error> {
        self.read()
            .query_row(
                "SELECT log FROM gate_runs
                 WHERE gate = ?1 AND verdict ->> '$.verdict' = 'passed'
                 ORDER BY id DESC LIMIT 1",
                [gate.as_str()],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database("read what gates said"))
    }

    /// The logs that stay: of commits that a release was made of, and of the newest pass of each
    /// gate, by which the next run in parts is divided.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn kept_gate_logs(&self) -> Result<BTreeSet<String>, Error> {
        const ACTION: &str = "read what gates said";
        let connection = self.read();
        let mut statement = connection
            .prepare(
                "SELECT log FROM gate_runs
                 WHERE revision IN (SELECT document ->> '$.commit' FROM releases)
                 UNION
                 SELECT log FROM gate_runs WHERE id IN
                    (SELECT max(id) FROM gate_runs
                     WHERE verdict ->> '$.verdict' = 'passed' GROUP BY gate)",
            )
            .map_err(Error::database(ACTION))?;
        let logs = statement
            .query_map([], |row| row.get(0))
            .map_err(Error::database(ACTION))?;
        logs.collect::<Result<_, _>>()
            .map_err(Error::database(ACTION))
    }

    /// What gates said of a commit, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn gate_runs(&self, commit: &str) -> Result<Vec<GateRun>, Error> {
        const ACTION: &str = "read what gates said";
        let connection = self.read();
        let mut statement = connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM gate_runs WHERE revision = ?1 ORDER BY id DESC"
            ))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([commit], |row| Ok(read(row)))
            .map_err(Error::database(ACTION))?;
        let mut runs = Vec::new();
        for row in rows {
            // What cannot be understood was written by another version, and says nothing here.
            runs.extend(row.map_err(Error::database(ACTION))?);
        }
        Ok(runs)
    }
}

fn read(row: &Row<'_>) -> Option<GateRun> {
    let text = |index: usize| row.get::<_, String>(index).ok();
    let time = |index: usize| row.get::<_, i64>(index).ok().map(|at| Timestamp(at as u64));
    Some(GateRun {
        gate: text(0)?.parse().ok()?,
        commit: text(1)?,
        definition: text(2)?.parse().ok()?,
        verdict: serde_json::from_str(&text(3)?).ok()?,
        attempts: row.get(4).ok()?,
        began: time(5)?,
        ended: time(6)?,
        log: text(7)?,
        by: text(8)?,
        coverage: row.get(9).ok()?,
        waived: serde_json::from_str(&text(10)?).ok()?,
        image: row.get(11).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::release::Release;

    use super::*;

    fn release_of(day: u64) -> Release {
        Release {
            id: format!("r{day:012}").parse().unwrap(),
            project: "shop".parse().unwrap(),
            commit: format!("{day:040}"),
            subject: "a change".to_owned(),
            branch: None,
            artifacts: [].into(),
            builds: [].into(),
            platforms: Vec::new(),
            created: Timestamp(day),
            created_by: "anna".to_owned(),
        }
    }

    #[test]
    fn what_gates_said_of_a_commit_is_read_again_the_newest_first() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let run = |commit: &str, verdict| GateRun {
            gate: "tests".parse().unwrap(),
            commit: commit.to_owned(),
            definition: Digest::of(b"pytest"),
            image: Some("sha256:1".to_owned()),
            verdict,
            attempts: 1,
            began: Timestamp(1),
            ended: Timestamp(2),
            log: "gates/1.log".to_owned(),
            by: "anna".to_owned(),
            coverage: Some(0.9),
            waived: vec!["B105".to_owned()],
        };
        let reason = "exit code 1".to_owned();
        let failed = run("a", Verdict::Failed { reason });
        let passed = run("a", Verdict::Passed);
        for one in [&failed, &passed, &run("b", Verdict::Passed)] {
            store.put_gate_run(one).unwrap();
        }
        assert_eq!(store.gate_runs("a").unwrap(), [passed, failed]);
        assert_eq!(store.gate_runs("c").unwrap(), []);
    }

    #[test]
    fn the_last_coverage_is_that_of_a_pass_at_another_release() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let gate: GateName = "tests".parse().unwrap();
        let run = |release: &Release, coverage, verdict| GateRun {
            gate: gate.clone(),
            commit: release.commit.clone(),
            definition: Digest::of(b"pytest"),
            image: Some("sha256:1".to_owned()),
            verdict,
            coverage,
            waived: Vec::new(),
            attempts: 1,
            began: Timestamp(1),
            ended: Timestamp(2),
            log: "gates/1.log".to_owned(),
            by: "anna".to_owned(),
        };
        let [one, two, three] = [1, 2, 3].map(release_of);
        for known in [&one, &two] {
            store.put_release(known).unwrap();
        }
        let last = |release: &Release| store.last_coverage(&gate, &release.commit).unwrap();
        assert_eq!(last(&three), None);
        let reason = "exit code 1".to_owned();
        for known in [
            run(&one, Some(0.8), Verdict::Passed),
            run(&two, Some(0.7), Verdict::Failed { reason }),
            run(&three, Some(0.6), Verdict::Passed),
        ] {
            store.put_gate_run(&known).unwrap();
        }
        assert_eq!(last(&three), Some(0.8));
        assert_eq!(last(&one), None);
        store
            .put_gate_run(&run(&two, Some(0.9), Verdict::Passed))
            .unwrap();
        assert_eq!(last(&three), Some(0.9));
    }
}
