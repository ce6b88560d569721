//! The registry's API: digests, tags, indexes.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderValue;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::{Reference, RegistryOperation};

use super::Refusal;
use super::credentials::Credentials;
use super::index::{self, Child};

/// A registry that does not take a connection by then is not there.
const CONNECTING: Duration = Duration::from_secs(5);
/// Between two parts of an answer.
const READING: Duration = Duration::from_secs(20);

/// What a manifest may be.
const MANIFESTS: [&str; 4] = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
];

/// A registry, and who we are to it.
pub(crate) struct Registry {
    host: String,
    client: Client,
    credentials: Credentials,
}

// === impl Registry ===

impl Registry {
    /// Gets ready to ask the registry of an image. It is not asked yet.
    pub(crate) async fn of(image: &str) -> Result<Self, Refusal> {
        let host = host(image).to_owned();
        let credentials = Credentials::of(&host).await?;
        // Another part of the program may have chosen one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let protocol = if is_loopback(&host) {
            ClientProtocol::Http
        } else {
            ClientProtocol::Https
        };
        let client = Client::new(ClientConfig {
            protocol,
            connect_timeout: Some(CONNECTING),
            read_timeout: Some(READING),
            user_agent: concat!("shipway/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        });
        Ok(Self {
            host,
            client,
            credentials,
        })
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The digest of what a tag names, or of a digest itself; `None` where there is no such thing.
    pub(crate) async fn digest(&self, image: &str) -> Result<Option<String>, Refusal> {
        match self.manifest(image).await {
            Ok(manifest) => Ok(Some(manifest.digest)),
            Err(Refusal::Missing { .. }) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Names what is there by digest: the same bytes under another name, so the same digest.
    pub(crate) async fn tag(&self, image: &str, tag: &str) -> Result<(), Refusal> {
        let manifest = self.manifest(image).await?;
        let repository = image.split('@').next().unwrap_or(image);
        let digest = self
            .put(
                &format!("{repository}:{tag}"),
                manifest.bytes,
                &manifest.media_type,
            )
            .await?;
        if digest == manifest.digest {
            return Ok(());
        }
        Err(Refusal::Failed {
            host: self.host.clone(),
            reason: format!(
                "`{tag}` has the digest {digest} instead of {}",
                manifest.digest
            ),
        })
    }

    /// What an index says of the image of one platform.
    pub(crate) async fn child(&self, image: &str, platform: &str) -> Result<Child, Refusal> {
        let manifest = self.manifest(image).await?;
        Ok(Child {
            platform: platform.to_owned(),
            digest: manifest.digest,
            media_type: manifest.media_type,
            size: manifest.bytes.len(),
        })
    }

    /// Joins images to one of several platforms, and returns its digest.
    pub(crate) async fn join(&self, image: &str, children: &[Child]) -> Result<String, Refusal> {
        let (bytes, media_type) = index::render(children);
        self.put(image, bytes, media_type).await
    }

    /// Removes what a digest names, with all of its tags; the parts of an index as well. What is
    /// not there is no error. Registries give the room back when their garbage is collected.
    pub(crate) async fn remove(&self, image: &str) -> Result<(), Refusal> {
        let manifest = match self.manifest(image).await {
            Ok(manifest) => manifest,
            Err(Refusal::Missing { .. }) => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        let repository = image.split('@').next().unwrap_or(image);
        // The index first: an index without its parts is taken for an image.
        self.delete(image).await?;
        for part in index::parts(&manifest.bytes) {
            self.delete(&format!("{repository}@{part}")).await?;
        }
        Ok(())
    }

    async fn delete(&self, image: &str) -> Result<(), Refusal> {
        let reference = self.reference(image)?;
        let auth = self.credentials.for_client();
        let token = self
            .client
            .auth(&reference, &auth, RegistryOperation::Push)
            .await
            .map_err(|error| self.refused(image, error))?;
        let url = format!(
            "{}://{}/v2/{}/manifests/{}",
            if is_loopback(&self.host) {
                "http"
            } else {
                "https"
            },
            reference.resolve_registry(),
            reference.repository(),
            reference.digest().unwrap_or_default(),
        );
        let failed = |error: reqwest::Error| Refusal::Failed {
            host: self.host.clone(),
            reason: error.to_string(),
        };
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECTING)
            .read_timeout(READING)
            .build()
            .map_err(failed)?;
        let request = client.delete(url);
        let request = match (token, &self.credentials) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Credentials::Password(name, password)) => {
                request.basic_auth(name, Some(password))
            }
            (None, _) => request,
        };
        let status = request.send().await.map_err(failed)?.status();
        match status.as_u16() {
            200..=299 | 404 => Ok(()),
            code => Err(Refusal::Failed {
                host: self.host.clone(),
                reason: format!("it does not allow to delete `{image}` (status {code})"),
            }),
        }
    }

    /// What it means that the engine could not push or pull.
    pub(crate) fn refused_by_engine(&self, image: &str, said: &str) -> Refusal {
        Refusal::of_engine(&self.host, image, said)
    }

    async fn manifest(&self, image: &str) -> Result<Manifest, Refusal> {
        let reference = self.reference(image)?;
        let auth = self.credentials.for_client();
        let found = self
            .client
            .pull_manifest_raw(&reference, &auth, &MANIFESTS)
            .await;
        let (bytes, digest) = found.map_err(|error| self.refused(image, error))?;
        Ok(Manifest {
            media_type: media_type(&bytes).unwrap_or_else(|| MANIFESTS[2].to_owned()),
            bytes: bytes.to_vec(),
            digest,
        })
    }

    async fn put(&self, image: &str, bytes: Vec<u8>, media_type: &str) -> Result<String, Refusal> {
        let reference = self.reference(image)?;
        let auth = self.credentials.for_client();
        let refused = |error| self.refused(image, error);
        self.client
            .auth(&reference, &auth, RegistryOperation::Push)
            .await
            .map_err(refused)?;
        let media_type = HeaderValue::from_str(media_type).map_err(|error| Refusal::Failed {
            host: self.host.clone(),
            reason: error.to_string(),
        })?;
        self.client
            .push_manifest_raw(&reference, bytes, media_type)
            .await
            .map_err(refused)?;
        // Its answer names where the manifest is, not what it took it for.
        Ok(self.manifest(image).await?.digest)
    }

    fn reference(&self, image: &str) -> Result<Reference, Refusal> {
        image.parse().map_err(|error| Refusal::Failed {
            host: self.host.clone(),
            reason: format!("`{image}` is no image: {error}"),
        })
    }

    fn refused(&self, image: &str, error: oci_client::errors::OciDistributionError) -> Refusal {
        Refusal::of_client(&self.host, image, error)
    }
}

/// A manifest as the registry has it.
struct Manifest {
    bytes: Vec<u8>,
    digest: String,
    media_type: String,
}

fn media_type(bytes: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    Some(manifest.get("mediaType")?.as_str()?.to_owned())
}

/// The registry's address in an image's name.
fn host(image: &str) -> &str {
    image.split('/').next().unwrap_or_default()
}

/// Whether an address is of this machine: Docker, too, takes such a registry without TLS.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost"
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registries_of_this_machine_are_asked_without_tls() {
        assert_eq!(host("127.0.0.1:5000/shop/web@sha256:0"), "127.0.0.1:5000");
        assert!(is_loopback("127.0.0.1:5000") && is_loopback("localhost"));
        assert!(!is_loopback("registry.example.org") && !is_loopback("10.0.0.1:5000"));
    }
}
