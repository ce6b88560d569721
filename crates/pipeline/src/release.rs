//! Releases: what is deployed, built once and promoted unchanged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::ReleaseId;
use crate::name::{ProjectName, ServiceName};
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
    /// What holds each service's content, by service: a digest, or where an image was pushed
    /// with its digest, `repository@sha256:…`.
    pub artifacts: BTreeMap<String, String>,
    /// By service that was built, the digest of its build definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<ServiceName, Digest>,
    /// What its images were built for; empty for the platform of the engine that built them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
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
        Self::shorten(&self.commit)
    }

    /// The first eight digits of a commit.
    pub fn shorten(commit: &str) -> &str {
        commit.get(..8).unwrap_or(commit)
    }

    /// What was built for it and is in a registry, each image once: `repository@sha256:…`.
    pub fn published(&self) -> Vec<String> {
        let images = self.builds.keys();
        let mut images: Vec<String> = images
            .filter_map(|service| self.artifacts.get(service.as_str()))
            .filter(|image| image.contains('@'))
            .cloned()
            .collect();
        images.sort();
        images.dedup();
        images
    }

    /// What was made for it, by service; images that were only pulled are not.
    pub fn made(&self) -> BTreeMap<String, String> {
        let images: Vec<&String> = self
            .builds
            .keys()
            .filter_map(|service| self.artifacts.get(service.as_str()))
            .collect();
        let mut made = self.artifacts.clone();
        if self.has_images() {
            made.retain(|_, artifact| images.contains(&&*artifact));
        }
        made
    }

    /// Whether it runs as containers; directories are for no platform in particular.
    pub fn has_images(&self) -> bool {
        !self.platforms.is_empty()
    }

    /// Whether what was built for it is in a registry.
    pub fn is_published(&self) -> bool {
        !self.published().is_empty()
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
