//! The age identity that the store's secrets are encrypted for, and where it is kept.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use shipway_pipeline::secret::SecretValue;

/// Where the identity is: not read before it is needed.
#[derive(Debug, Clone)]
pub struct Keyring {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// Its text, such as a variable of a CI system.
    Text(SecretValue),
    File(PathBuf),
}

/// An identity that was read. Masked wherever it is printed.
#[derive(Clone)]
pub struct Keys(Identity);

/// Why secrets cannot be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none, and there are secrets that need it.
    #[error("there is no age identity at `{}`", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read or made.
    #[error("cannot use the age identity `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The text is none.
    #[error("{what} holds no age identity: {reason}")]
    Invalid {
        /// The file or variable.
        what: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It was encrypted for another identity, or is damaged.
    #[error("it cannot be decrypted with this age identity: {0}")]
    Decrypt(String),
    /// It could not be encrypted.
    #[error("it cannot be encrypted: {0}")]
    Encrypt(String),
}

// === impl Keyring ===

impl Keyring {
    /// An identity in a file, made when it is first needed.
    pub fn of_file(path: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::File(path.into()),
        }
    }

    /// An identity by its text, `AGE-SECRET-KEY-1…`.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            place: Place::Text(SecretValue::new(text.into().into_bytes())),
        }
    }

    /// Reads the identity.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(&self) -> Result<Keys, KeyringError> {
        match &self.place {
            Place::Text(text) => parse(&String::from_utf8_lossy(text.expose()), "the variable"),
            Place::File(path) => read(path)?.ok_or_else(|| KeyringError::Missing(path.clone())),
        }
    }

    /// Reads the identity, or makes one where there is none.
    ///
    /// The file is for this user only, and appears whole or not at all; of two that make one at
    /// the same time both get the same.
    ///
    /// # Errors
    /// It can be neither read nor made.
    pub fn open_or_create(&self) -> Result<Keys, KeyringError> {
        let Place::File(path) = &self.place else {
            return self.open();
        };
        if let Some(keys) = read(path)? {
            return Ok(keys);
        }
        create(path, &Identity::generate()).map_err(failed(path))?;
        self.open()
    }
}

// === impl Keys ===

impl Keys {
    /// Whom secrets are encrypted for: the public half, `age1…`.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0
    }

    /// Encrypts a value.
    ///
    /// # Errors
    /// There was no randomness.
    pub fn encrypt(&self, value: &SecretValue) -> Result<Vec<u8>, KeyringError> {
        age::encrypt(&self.0.to_public(), value.expose())
            .map_err(|error| KeyringError::Encrypt(error.to_string()))
    }

    /// Decrypts a value.
    ///
    /// # Errors
    /// It was encrypted for somebody else, or is damaged.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<SecretValue, KeyringError> {
        age::decrypt(&self.0, ciphertext)
            .map(SecretValue::new)
            .map_err(|error| KeyringError::Decrypt(error.to_string()))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}

fn read(path: &Path) -> Result<Option<Keys>, KeyringError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, &format!("`{}`", path.display())).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path)(source)),
    }
}

/// The first line that is neither empty nor a comment, as in files of `age-keygen`.
fn parse(text: &str, what: &str) -> Result<Keys, KeyringError> {
    let invalid = |reason| KeyringError::Invalid {
        what: what.to_owned(),
        reason,
    };
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| invalid("it is empty"))?;
    line.parse().map(Keys).map_err(invalid)
}

fn create(path: &Path, identity: &Identity) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    shipway_durable::make_directory(directory)?;
    // Whoever makes one at the same time waits, and then finds this one.
    let lock = File::open(directory)?;
    lock.lock()?;
    if path.exists() {
        return Ok(());
    }
    let public = identity.to_public();
    let text = format!(
        "# The key of Shipway's secrets. Without it they cannot be read: keep a copy elsewhere.\n\
         # public key: {public}\n{}\n",
        identity.to_string().expose_secret()
    );
    // What is encrypted for it is on disk as soon as it is recorded, and so must the key be.
    shipway_durable::replace(path, text.as_bytes())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    let path = path.to_owned();
    |source| KeyringError::File { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.as_bytes().to_vec())
    }

    #[test]
    fn an_identity_is_made_once_and_for_its_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("shipway/age-identity.txt");
        let keyring = Keyring::of_file(&path);
        assert!(matches!(keyring.open(), Err(KeyringError::Missing(_))));
        let made = keyring.open_or_create().unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = keyring.open_or_create().unwrap();
        assert_eq!(made.recipient(), again.recipient());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

        let sealed = made.encrypt(&value("hunter2")).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(again.decrypt(&sealed).unwrap(), value("hunter2"));
        assert_eq!(format!("{made:?}"), "********");
    }

    #[cfg(debug_assertions)]
    #[test]
    fn an_identity_that_was_used_outlasts_every_loss_of_power() {
        use shipway_durable::power;

        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let keyring = |directory: &Path| Keyring::of_file(directory.join("shipway/key"));
        let mut sealed = Vec::new();
        let recording = power::record(&disk, || {
            let keys = keyring(&disk).open_or_create().map_err(io::Error::other)?;
            sealed = keys.encrypt(&value("hunter2")).unwrap();
            power::acknowledge(1);
            io::Result::Ok(())
        });
        let looked = recording
            .unwrap()
            .each_loss(&home.path().join("lost"), |loss| {
                let keys = keyring(loss.directory).open_or_create().unwrap();
                let opened = keys.decrypt(&sealed);
                assert!(loss.acknowledged == 0 || opened.unwrap() == value("hunter2"));
            });
        assert!(looked.unwrap() > 10);
    }

    #[test]
    fn the_text_of_an_identity_serves_as_well_and_another_one_does_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let keys = Keyring::of_file(&path).open_or_create().unwrap();
        let sealed = keys.encrypt(&value("x")).unwrap();
        let text = Keyring::of_text(fs::read_to_string(&path).unwrap());
        assert_eq!(text.open().unwrap().decrypt(&sealed).unwrap(), value("x"));

        let other = Keyring::of_file(home.path().join("other"));
        let other = other.open_or_create().unwrap();
        assert!(other.decrypt(&sealed).is_err());
        assert!(keys.decrypt(b"damaged").is_err());
        let none = Keyring::of_text("# nothing\n").open().unwrap_err();
        assert_eq!(
            none.to_string(),
            "the variable holds no age identity: it is empty"
        );
    }
}
