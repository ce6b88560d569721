//! Checks of a commit: a command in a clean export that is its own and is gone afterwards.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use shipway_pipeline::gate::{Ended, Evidence};

use super::build::environment_of_caller;
use super::guarded::{self, How};
use super::launch::Launch;
use super::runtime::ProcessRuntime;
use crate::check::{self, Check};
use crate::export::{self, Commit};
use crate::state::files;
use crate::{Error, Output};

/// Longer reports are no reports.
const LARGEST_REPORT: u64 = 64 << 20;

// === impl ProcessRuntime ===

impl ProcessRuntime {
    /// Runs a check to its end, in an export of a commit. It ends with its caller, with all its
    /// descendants.
    ///
    /// A crash leaves its directory among the machine's temporary files.
    ///
    /// # Errors
    /// The commit cannot be exported, or what watches the command fails.
    pub async fn check(
        &self,
        commit: &Commit<'_>,
        check: &Check,
        output: Output<'_>,
    ) -> Result<Evidence, Error> {
        let directory = tempfile::Builder::new()
            .prefix("shipway-check-")
            .tempdir()
            .map_err(files::failed("make a directory in", &std::env::temp_dir()))?;
        let tree = directory.path().join("tree");
        std::fs::create_dir(&tree).map_err(files::failed("make", &tree))?;
        let id = export::tree_id(commit).await?;
        export::export(commit, &id, &tree).await?;
        let mut reports = read_reports(&tree, &check.baselines);
        for path in &check.reports {
            forget(&tree.join(path))?;
        }
        let mut environment = environment_of_caller(&check.name);
        environment.extend(check.variables.clone());
        let launch = Launch {
            words: ["/bin/sh", "-c", &check.command].map(str::to_owned).into(),
            directory: tree.clone(),
            environment,
        };
        let finished = guarded::run(&self.launcher, &launch, check.deadline, output)
            .await
            .map_err(files::failed("watch a command in", &tree))?;
        reports.extend(read_reports(&tree, &check.reports));
        Ok(Evidence {
            ended: ended(finished.how),
            reports,
        })
    }
}

fn ended(how: How) -> Ended {
    match how {
        How::Ended(exit) => check::ended(exit),
        How::NotStarted(reason) => Ended::NotStarted(reason),
        How::Deadline => Ended::Deadline,
    }
}

/// Removes a report that the commit holds.
fn forget(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(files::failed("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// The reports that are there. One that cannot be read is as good as none.
fn read_reports(tree: &Path, paths: &[String]) -> BTreeMap<String, String> {
    let read = |path: &String| {
        let file = std::fs::File::open(tree.join(path)).ok()?;
        let mut bytes = Vec::new();
        file.take(LARGEST_REPORT).read_to_end(&mut bytes).ok()?;
        Some((path.clone(), String::from_utf8_lossy(&bytes).into_owned()))
    };
    paths.iter().filter_map(read).collect()
}
