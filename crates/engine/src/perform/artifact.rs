//! Sees to it that what is to be started is here, and named where it is kept.

use tokio::sync::mpsc;

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    /// Gets what is missing from the registry, or from the engine that has it.
    pub(super) async fn check_artifact(&self) -> Performed {
        if let Err(reason) = &self.target.files {
            return Err(failure(reason));
        }
        let release = &self.target.release;
        let artifact = self.target.artifact();
        let (sender, receiver) = mpsc::unbounded_channel();
        let work = async {
            let key = self.route_key();
            let fetched = self.engine.runtime.fetch_artifact(&key, &artifact, &sender);
            let fetched = fetched.await;
            drop(sender);
            fetched
        };
        let (fetched, _) = tokio::join!(work, self.follow(receiver));
        match fetched {
            Ok(true) => Ok(None),
            Ok(false) => Err(failure(format!(
                "the artifact of release {} (commit {}) is gone",
                release.id,
                release.short_commit()
            ))),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Names the release's images in their registry.
    pub(super) async fn tag_artifact(&self, tag: &str) -> Performed {
        let images: Vec<String> = self.target.release.published();
        let tagged = self.engine.runtime.tag_images(&images, tag).await;
        tagged.map(|()| None).map_err(|error| failed(&error))
    }
}
