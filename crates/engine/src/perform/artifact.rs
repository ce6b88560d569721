//! Checks that what is to be started is here.

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    pub(super) async fn check_artifact(&self) -> Performed {
        if let Err(reason) = &self.target.files {
            return Err(failure(reason));
        }
        let release = &self.target.release;
        let artifact = self.target.artifact();
        match self.engine.runtime.has_artifact(&artifact).await {
            Ok(true) => Ok(None),
            Ok(false) => Err(failure(format!(
                "the artifact of release {} (commit {}) is gone",
                release.id,
                release.short_commit()
            ))),
            Err(error) => Err(failed(&error)),
        }
    }
}
