//! What runs of requests and gates wrote, removed when nobody needs it any more.
//!
//! Only files go. What they were written about stays on record, and so does what an auditor asks
//! for: the logs of gates of every commit that a release was made of.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use shipway_pipeline::id::RequestId;
use shipway_pipeline::time::Timestamp;
use shipway_store::Store;

/// For so long after a request was over one may read what happened, line by line.
pub const KEPT_RUNS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// For so long a gate's log is kept of a commit that never became a release.
pub const KEPT_GATES: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Why a look for what is not needed any more broke off.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The records.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// The files.
    #[error("cannot look through `{path}`")]
    Files {
        /// Which folder.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Removes what is not needed any more; gives how many files went. Safe to repeat and to interrupt.
///
/// # Errors
/// The records or the folders cannot be read. A file that cannot be removed is left to the next
/// look.
pub fn sweep(store: &Store, now: Timestamp) -> Result<usize, SweepError> {
    Ok(sweep_runs(store, now)? + sweep_gates(store, now)?)
}

fn sweep_runs(store: &Store, now: Timestamp) -> Result<usize, SweepError> {
    let mut removed = 0;
    for file in outdated(&store.directory().join("runs"), KEPT_RUNS, now)? {
        let path = file.path();
        let number = path.file_stem().and_then(|stem| stem.to_str());
        let Some(id) = number.and_then(|stem| stem.parse::<RequestId>().ok()) else {
            continue;
        };
        // Nothing was written for long, and still somebody may go on with it.
        let is_over = store.request(id)?.is_none_or(|request| request.is_over());
        removed += usize::from(is_over && std::fs::remove_file(&path).is_ok());
    }
    Ok(removed)
}

fn sweep_gates(store: &Store, now: Timestamp) -> Result<usize, SweepError> {
    let old = outdated(&store.directory().join("gates"), KEPT_GATES, now)?;
    if old.is_empty() {
        return Ok(0);
    }
    let kept = store.kept_gate_logs()?;
    let mut removed = 0;
    for file in old {
        let name = file.file_name();
        let needed = name.to_str().is_none_or(|name| is_needed(&kept, name));
        removed += usize::from(!needed && std::fs::remove_file(file.path()).is_ok());
    }
    Ok(removed)
}

/// Whether a file is the log of a run that is kept, or stands beside it.
fn is_needed(kept: &BTreeSet<String>, name: &str) -> bool {
    let run = name.split('.').next().unwrap_or(name);
    kept.contains(&format!("gates/{run}.log"))
}

/// The files of a folder that nothing was written to for so long.
fn outdated(folder: &Path, kept: Duration, now: Timestamp) -> Result<Vec<DirEntry>, SweepError> {
    let failed = |source| SweepError::Files {
        path: folder.display().to_string(),
        source,
    };
    let files = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        files => files.map_err(failed)?,
    };
    let mut old = Vec::new();
    for file in files {
        let file = file.map_err(failed)?;
        if is_older(&file, kept, now) {
            old.push(file);
        }
    }
    Ok(old)
}

fn is_older(file: &DirEntry, kept: Duration, now: Timestamp) -> bool {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let since = modified
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    // One that is gone meanwhile, or of no age, is not ours to judge.
    since.is_some_and(|since| now.since(Timestamp(since.as_millis() as u64)) > kept)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use shipway_pipeline::digest::Digest;
    use shipway_pipeline::gate::Verdict;
    use shipway_pipeline::promotion::Lane;
    use shipway_pipeline::release::Release;
    use shipway_pipeline::request::{Origin, Request, Want};
    use shipway_store::{Act, GateRun, NewRequest};

    use super::*;
    use crate::clock::now;

    /// A file that was written to so long ago.
    fn write(store: &Store, path: &str, age: Duration) {
        let path = store.directory().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    fn left(store: &Store, folder: &str) -> BTreeSet<String> {
        let files = std::fs::read_dir(store.directory().join(folder)).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_a_request_told_goes_a_month_after_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        for _ in 0..3 {
            let new = NewRequest {
                environment: "testing".parse().unwrap(),
                want: Want::Promote,
                lane: Lane::Regular,
                by: "anna".to_owned(),
                reason: None,
                origin: Origin::Person,
            };
            store.create_request(new, Timestamp(1)).unwrap();
        }
        let act = Act {
            by: "anna",
            verb: "cancel",
            now: Timestamp(2),
        };
        for id in [1, 2] {
            let cancel = |request: &mut Request| {
                request.cancel("anna", act.now).unwrap();
                Ok::<_, shipway_store::Error>(())
            };
            store.change_request(RequestId(id), act, cancel).unwrap();
        }
        let old = KEPT_RUNS + Duration::from_secs(60);
        write(&store, "runs/q1.ndjson", old);
        write(&store, "runs/q1.log", old);
        write(&store, "runs/q2.ndjson", Duration::ZERO);
        // It still waits for its turn.
        write(&store, "runs/q3.ndjson", old);
        write(&store, "runs/backups.json", old);
        assert_eq!(sweep(&store, now()).unwrap(), 2);
        let expected = names(&["q2.ndjson", "q3.ndjson", "backups.json"]);
        assert_eq!(left(&store, "runs"), expected);
        assert_eq!(sweep(&store, now()).unwrap(), 0);
    }

    #[test]
    fn logs_of_gates_stay_as_evidence_of_releases() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let [released, thrown_away] = ["a", "b"].map(|digit| digit.repeat(40));
        let release = Release {
            id: "r000000000001".parse().unwrap(),
            project: "shop".parse().unwrap(),
            commit: released.clone(),
            subject: "a change".to_owned(),
            branch: None,
            artifacts: [].into(),
            builds: [].into(),
            platforms: Vec::new(),
            created: Timestamp(1),
            created_by: "anna".to_owned(),
        };
        store.put_release(&release).unwrap();
        let reason = "exit code 1".to_owned();
        let failed = Verdict::Failed { reason };
        for (name, commit, verdict) in [
            ("1", &released, &failed),
            ("2", &thrown_away, &failed),
            ("3", &thrown_away, &Verdict::Passed),
            ("4", &thrown_away, &Verdict::Passed),
        ] {
            let run = GateRun {
                gate: "tests".parse().unwrap(),
                commit: commit.clone(),
                definition: Digest::of(b"pytest"),
                image: None,
                verdict: verdict.clone(),
                coverage: None,
                waived: Vec::new(),
                attempts: 1,
                began: Timestamp(1),
                ended: Timestamp(2),
                log: format!("gates/{name}.log"),
                by: "anna".to_owned(),
            };
            store.put_gate_run(&run).unwrap();
        }
        let old = KEPT_GATES + Duration::from_secs(60);
        for name in ["1", "2", "3", "4", "killed"] {
            write(&store, &format!("gates/{name}.log"), old);
        }
        write(&store, "gates/4.timings.json", old);
        write(&store, "gates/new.log", Duration::ZERO);
        assert_eq!(sweep(&store, now()).unwrap(), 3);
        // By the newest pass the next run is split.
        let expected = names(&["1.log", "4.log", "4.timings.json", "new.log"]);
        assert_eq!(left(&store, "gates"), expected);
        // What was said stays on record.
        assert_eq!(store.gate_runs(&thrown_away).unwrap().len(), 3);
    }
}
