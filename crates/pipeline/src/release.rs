//! Releases: what is deployed, built once and promoted unchanged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::ReleaseId;
use crate::name::ProjectName;
use crate::time::Timestamp;

/// What is deployed: a commit and the artifacts that were built from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Named by what it holds, so that the same commit and artifacts are the same release.
    pub id: ReleaseId,
    /// The project.
    pub project: ProjectName,
    /// Full commit id.
    pub commit: String,
    /// First line of the commit's message.
    pub subject: String,
    /// The branch it was built from, where known.
    pub branch: Option<String>,
    /// Content digest by service.
    pub artifacts: BTreeMap<String, String>,
    /// When it was built.
    pub created: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// The id of a release that holds this.
pub fn identify(
    project: &ProjectName,
    commit: &str,
    artifacts: &BTreeMap<String, String>,
) -> ReleaseId {
    let mut text = format!("{project}\n{commit}\n");
    for (service, digest) in artifacts {
        text.push_str(service);
        text.push(' ');
        text.push_str(digest);
        text.push('\n');
    }
    let digest = Digest::of(text.as_bytes());
    format!("r{}", &digest.hex()[..ReleaseId::DIGITS])
        .parse()
        .expect("hexadecimal digits make a release id")
}

impl Release {
    /// The first eight digits of the commit.
    pub fn short_commit(&self) -> &str {
        self.commit.get(..8).unwrap_or(&self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_by_what_it_holds() {
        let project: ProjectName = "shop".parse().unwrap();
        let artifacts = BTreeMap::from([("web".to_owned(), "sha256:1".to_owned())]);
        let other = BTreeMap::from([("web".to_owned(), "sha256:2".to_owned())]);
        let id = identify(&project, "abc", &artifacts);
        assert_eq!(id, identify(&project, "abc", &artifacts));
        assert_ne!(id, identify(&project, "abd", &artifacts));
        assert_ne!(id, identify(&project, "abc", &other));
    }
}
