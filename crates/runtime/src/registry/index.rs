//! Indexes: one digest for an image of several platforms.

use serde_json::json;

/// The image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Child {
    /// Such as `linux/arm64`.
    pub(crate) platform: String,
    /// Its manifest's digest.
    pub(crate) digest: String,
    /// Its manifest's type.
    pub(crate) media_type: String,
    /// Its manifest's length in bytes.
    pub(crate) size: usize,
}

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The index of these images and its media type. The same images give the same bytes, and so the
/// same digest.
pub(super) fn render(children: &[Child]) -> (Vec<u8>, &'static str) {
    // Old engines want a list of their own kind of manifests.
    let is_docker = children
        .iter()
        .all(|child| child.media_type == DOCKER_MANIFEST);
    let media_type = if is_docker { DOCKER_LIST } else { OCI_INDEX };
    let manifests: Vec<_> = children
        .iter()
        .map(|child| {
            json!({
                "mediaType": child.media_type,
                "size": child.size,
                "digest": child.digest,
                "platform": platform(&child.platform),
            })
        })
        .collect();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": manifests,
    });
    (index.to_string().into_bytes(), media_type)
}

/// The digests of an index's parts; none where it is no index.
pub(super) fn parts(manifest: &[u8]) -> Vec<String> {
    let index: serde_json::Value = serde_json::from_slice(manifest).unwrap_or_default();
    let parts = index.get("manifests").and_then(serde_json::Value::as_array);
    let digest = |part: &serde_json::Value| Some(part.get("digest")?.as_str()?.to_owned());
    parts.into_iter().flatten().filter_map(digest).collect()
}

fn platform(text: &str) -> serde_json::Value {
    let mut parts = text.split('/');
    let os = parts.next().unwrap_or_default();
    let architecture = parts.next().unwrap_or_default();
    match parts.next() {
        Some(variant) => json!({ "architecture": architecture, "os": os, "variant": variant }),
        None => json!({ "architecture": architecture, "os": os }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(platform: &str, media_type: &str) -> Child {
        Child {
            platform: platform.to_owned(),
            digest: format!("sha256:{}", "0".repeat(64)),
            media_type: media_type.to_owned(),
            size: 500,
        }
    }

    #[test]
    fn an_index_names_each_platform_and_is_the_same_each_time() {
        let children = [
            child("linux/amd64", DOCKER_MANIFEST),
            child("linux/arm/v7", DOCKER_MANIFEST),
        ];
        let (bytes, media_type) = render(&children);
        assert_eq!(media_type, DOCKER_LIST);
        assert_eq!(render(&children).0, bytes);
        assert_eq!(parts(&bytes).len(), 2);
        let index: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(index["manifests"][0]["platform"]["architecture"], "amd64");
        assert_eq!(index["manifests"][1]["platform"]["variant"], "v7");
        let oci = child("linux/arm64", "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(render(&[oci]).1, OCI_INDEX);
    }
}
