//! The secret values that channels are reached with: variables of this process, or Shipway's own
//! secrets.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::Reference;
use shipway_store::{Keyring, Store};

use crate::kept::kept;

/// What stands in place of a secret.
const MASK: &str = "********";

/// Finds secret values, and hides them in what others say.
pub(super) struct Values<'a> {
    store: &'a Store,
    keyring: &'a Keyring,
    /// Those that were found, to be hidden.
    found: Mutex<BTreeSet<String>>,
}

// === impl Values ===

impl<'a> Values<'a> {
    pub(super) fn new(store: &'a Store, keyring: &'a Keyring) -> Self {
        Self {
            store,
            keyring,
            found: Mutex::default(),
        }
    }

    /// A value, or why it cannot be had, in words that do not tell it.
    pub(super) fn get(
        &self,
        reference: &Reference,
        environment: &EnvironmentName,
    ) -> Result<String, String> {
        let name = reference.name();
        let variable = std::env::var(name).ok();
        let value = match variable.filter(|value| !value.trim().is_empty()) {
            Some(value) => value,
            // Environments of branches have the secrets of their template.
            None => self.secret(name, &environment.shared())?,
        };
        let value = value.trim().to_owned();
        if value.is_empty() {
            return Err(format!("the secret `{name}` of `{environment}` is empty"));
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(value.clone());
        Ok(value)
    }

    /// A text without the values that were found so far.
    pub(super) fn hide(&self, mut text: String) -> String {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for value in found.iter() {
            text = text.replace(value.as_str(), MASK);
        }
        text
    }

    fn secret(&self, name: &str, environment: &EnvironmentName) -> Result<String, String> {
        kept(self.store, self.keyring, environment, name)?.ok_or_else(|| {
            format!(
                "`{name}` is neither a variable here nor a secret of `{environment}`: `shipway \
                 secrets set {environment} {name}` stores it"
            )
        })
    }
}
