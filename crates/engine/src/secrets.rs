//! The store's secrets, decrypted for those who read them.

use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::secret::{SecretName, SecretValue, Version};
use shipway_pipeline::workload::{Content, Workload};
use shipway_runtime::FileContents;
use shipway_store::{Audit, KeyringError, Keys, NewSecret};

use crate::clock::now;
use crate::executor::Engine;

/// Why a secret cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A value that something names was removed.
    #[error("{version} of the secret `{name}` of `{environment}` is not in the store any more")]
    Removed {
        /// Where.
        environment: EnvironmentName,
        /// Which secret.
        name: SecretName,
        /// Which of its values.
        version: Version,
    },
    /// There is no secret of that name.
    #[error("`{environment}` has no secret `{name}`")]
    Unknown {
        /// Where.
        environment: EnvironmentName,
        /// What was asked for.
        name: SecretName,
    },
    /// The identity does not fit what is in the store.
    #[error("the store's secrets are encrypted for {wanted}, and the age identity is of {found}")]
    OtherIdentity {
        /// For whom.
        wanted: String,
        /// Whose the identity is.
        found: String,
    },
    /// A value cannot be decrypted.
    #[error("cannot read {version} of the secret `{name}`")]
    Decrypt {
        /// Which secret.
        name: SecretName,
        /// Which of its values.
        version: Version,
        /// Why not.
        #[source]
        source: KeyringError,
    },
    /// The identity cannot be had.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
}

impl Engine {
    /// Keeps a value as the newest version of a secret.
    ///
    /// # Errors
    /// There is no identity that fits what is in the store, or it cannot be kept.
    pub fn set_secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<Version, SecretError> {
        let keys = self.keys_for_writing()?;
        let new = NewSecret {
            environment,
            name,
            ciphertext: &keys.encrypt(value)?,
            recipient: &keys.recipient(),
            created_by: &self.actor,
        };
        let version = self.store.put_secret(&new, now())?;
        self.audit_secret("set secret", environment, &format!("{name} {version}"))?;
        Ok(version)
    }

    /// Reads a value: that of a version, or the newest.
    ///
    /// # Errors
    /// There is none, or it cannot be decrypted.
    pub fn secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
        version: Option<Version>,
    ) -> Result<SecretValue, SecretError> {
        let version = match version {
            Some(version) => version,
            None => self.newest(environment, name)?,
        };
        let value = self.decrypt(&self.keyring.open()?, environment, name, version)?;
        self.audit_secret("read secret", environment, &format!("{name} {version}"))?;
        Ok(value)
    }

    /// Reads the newest value of a secret that Shipway itself needs, where it is set. What people
    /// read is recorded; this is not, since it happens every few minutes.
    pub(crate) fn own_secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
    ) -> Result<Option<SecretValue>, SecretError> {
        let version = match self.newest(environment, name) {
            Err(SecretError::Unknown { .. }) => return Ok(None),
            version => version?,
        };
        let value = self.decrypt(&self.keyring.open()?, environment, name, version)?;
        Ok(Some(value))
    }

    /// Removes all values of a secret and returns how many there were.
    ///
    /// # Errors
    /// There is none, or the record cannot be written.
    pub fn remove_secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
    ) -> Result<usize, SecretError> {
        self.newest(environment, name)?;
        let count = self.store.remove_secret(environment, name)?;
        self.audit_secret("remove secret", environment, name.as_str())?;
        Ok(count)
    }

    /// The newest version of a secret.
    ///
    /// # Errors
    /// There is none.
    pub fn newest(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
    ) -> Result<Version, SecretError> {
        let all = self.store.secrets(&environment.shared())?;
        let newest = all.into_iter().find(|one| one.name == *name);
        newest
            .map(|one| one.version)
            .ok_or_else(|| SecretError::Unknown {
                environment: environment.clone(),
                name: name.clone(),
            })
    }

    /// What a workload's services read as files, in an environment.
    ///
    /// # Errors
    /// A secret was removed or cannot be decrypted.
    pub fn file_contents(
        &self,
        environment: &EnvironmentName,
        workload: &Workload,
    ) -> Result<FileContents, SecretError> {
        // Most projects have no identity and need none.
        let mut keys: Option<Keys> = None;
        let mut contents = FileContents::new();
        for file in &workload.files {
            let value = match &file.content {
                Content::Store { secret, version } => {
                    let keys = match &mut keys {
                        Some(keys) => keys,
                        none => none.insert(self.keyring.open()?),
                    };
                    Some(self.decrypt(keys, environment, secret, *version)?)
                }
                recorded @ (Content::Text(_) | Content::Bytes(_)) => recorded.recorded(),
            };
            contents.extend(value.map(|value| (file.key.clone(), value)));
        }
        Ok(contents)
    }

    fn decrypt(
        &self,
        keys: &Keys,
        environment: &EnvironmentName,
        name: &SecretName,
        version: Version,
    ) -> Result<SecretValue, SecretError> {
        // What a branch's environment reads is set for its template.
        let found = self.store.secret(&environment.shared(), name, version)?;
        let ciphertext = found.ok_or_else(|| SecretError::Removed {
            environment: environment.clone(),
            name: name.clone(),
            version,
        })?;
        keys.decrypt(&ciphertext)
            .map_err(|source| SecretError::Decrypt {
                name: name.clone(),
                version,
                source,
            })
    }

    /// An identity that reads what is in the store already. A lost one is never replaced
    /// silently: half of the secrets would be readable by nobody.
    fn keys_for_writing(&self) -> Result<Keys, SecretError> {
        let Some(wanted) = self.store.secrets_recipient()? else {
            return Ok(self.keyring.open_or_create()?);
        };
        let keys = self.keyring.open()?;
        let found = keys.recipient();
        if found == wanted {
            Ok(keys)
        } else {
            Err(SecretError::OtherIdentity { wanted, found })
        }
    }

    fn audit_secret(
        &self,
        action: &str,
        environment: &EnvironmentName,
        subject: &str,
    ) -> Result<(), SecretError> {
        let audit = Audit {
            actor: &self.actor,
            action,
            environment: Some(environment),
            subject,
        };
        Ok(self.store.audit(&audit, now())?)
    }
}
