//! Credentials of Docker's own configuration: `auths`, `credHelpers`, `credsStore`.

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError as Error, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::Refusal;

/// Under this name Docker keeps the credentials of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Who we are to a registry. Never printed.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Nobody.
    None,
    /// A name and a password.
    Password(String, String),
    /// What an OAuth login left. The engine can use it, the registry's API cannot.
    Token(String),
}

// === impl Credentials ===

impl Credentials {
    /// Asks Docker's configuration. A credential helper is a program, so this may take a moment.
    pub(crate) async fn of(host: &str) -> Result<Self, Refusal> {
        let server = match host {
            "docker.io" | "index.docker.io" => DOCKER_HUB.to_owned(),
            host => host.to_owned(),
        };
        let asked = tokio::task::spawn_blocking(move || docker_credential::get_credential(&server));
        let refused = |reason: String| Refusal::Credentials {
            host: host.to_owned(),
            reason,
        };
        match asked.await.map_err(|error| refused(error.to_string()))? {
            Ok(DockerCredential::UsernamePassword(name, password)) => {
                Ok(Self::Password(name, password))
            }
            Ok(DockerCredential::IdentityToken(token)) => Ok(Self::Token(token)),
            Err(Error::NoCredentialConfigured | Error::ConfigNotFound) => Ok(Self::None),
            // It says the same of a file that is not there.
            Err(Error::ConfigReadError) if !has_configuration() => Ok(Self::None),
            // A helper that has none for this registry says so by failing.
            Err(Error::HelperFailure { stdout, .. })
                if stdout.contains("credentials not found") =>
            {
                Ok(Self::None)
            }
            Err(error) => Err(refused(format!("Docker's configuration: {error}"))),
        }
    }

    pub(super) fn for_client(&self) -> RegistryAuth {
        match self {
            Self::Password(name, password) => RegistryAuth::Basic(name.clone(), password.clone()),
            Self::None | Self::Token(_) => RegistryAuth::Anonymous,
        }
    }

    pub(crate) fn for_engine(&self) -> Option<DockerCredentials> {
        match self {
            Self::None => None,
            Self::Password(name, password) => Some(DockerCredentials {
                username: Some(name.clone()),
                password: Some(password.clone()),
                ..DockerCredentials::default()
            }),
            Self::Token(token) => Some(DockerCredentials {
                identitytoken: Some(token.clone()),
                ..DockerCredentials::default()
            }),
        }
    }
}

fn has_configuration() -> bool {
    let directory = std::env::var_os("DOCKER_CONFIG")
        .map(std::path::PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
    directory.is_some_and(|directory| directory.join("config.json").exists())
}
