//! Compose v2, which some tests compare with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::provision::{Places, tools};

/// Where tests find Compose v2.
pub(in crate::commands) const COMPOSE: &str = "SHIPWAY_COMPOSE";

/// Compose v2, to compare with what it answers. Without it the stored answers are all there is.
pub(in crate::commands) fn prepare_compose(root: &Path) -> Result<Option<PathBuf>> {
    let places = Places::find()?;
    let provided = tools::provide(&places);
    if let Some(path) = tools::find_compose(&places) {
        return Ok(Some(path));
    }
    let reason = provided
        .err()
        .map_or_else(String::new, |error| format!(": {error:#}"));
    println!(
        "WARNING: there is no Compose v2{reason}\n\
         WARNING: {} cases are compared with stored answers only",
        count_cases(&root.join("crates/compose/tests/corpus"))?
    );
    Ok(None)
}

/// The cases of our reading of Compose files, each with what Compose answered once.
fn count_cases(folder: &Path) -> Result<usize> {
    let cannot_read = || format!("cannot read `{}`", folder.display());
    let mut count = 0;
    for entry in fs::read_dir(folder).with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        if path.is_dir() {
            count += count_cases(&path)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "case")
        {
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_in_all_folders() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("merge");
        fs::create_dir(&inner).unwrap();
        for path in [
            directory.path().join("a.case"),
            inner.join("b.case"),
            inner.join("README.md"),
        ] {
            fs::write(path, "").unwrap();
        }
        assert_eq!(count_cases(directory.path()).unwrap(), 2);
    }
}
