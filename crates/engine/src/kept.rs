//! Secrets of the store that Shipway itself needs, and not the services of a release.

use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::secret::SecretName;
use shipway_store::{Keyring, Store};

/// The newest version of a secret of an environment; `None` where there is none of that name.
///
/// # Errors
/// It cannot be read; the reason does not tell it.
pub fn kept(
    store: &Store,
    keyring: &Keyring,
    environment: &EnvironmentName,
    name: &str,
) -> Result<Option<String>, String> {
    let Ok(secret) = name.parse::<SecretName>() else {
        return Ok(None);
    };
    let unreadable = |error: &dyn std::error::Error| {
        format!("the secret `{name}` of `{environment}` cannot be read: {error}")
    };
    let all = store.secrets(environment);
    let all = all.map_err(|error| unreadable(&error))?;
    // The newest version of each comes first.
    let Some(newest) = all.into_iter().find(|one| one.name == secret) else {
        return Ok(None);
    };
    let ciphertext = store.secret(environment, &secret, newest.version);
    let Some(ciphertext) = ciphertext.map_err(|error| unreadable(&error))? else {
        return Ok(None);
    };
    let keys = keyring.open().map_err(|error| unreadable(&error))?;
    let value = keys.decrypt(&ciphertext);
    let value = value.map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(value.expose().to_vec());
    text.map(Some)
        .map_err(|error| unreadable(&error.utf8_error()))
}
