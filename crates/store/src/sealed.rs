//! Streams that are encrypted with age, or not, by what was asked for.

use std::io::{self, Read, Write};

use age::Recipient;
use age::stream::{StreamReader, StreamWriter};
use age::x25519;

use crate::keyring::{KeyringError, Keys};

/// A stream that is encrypted for recipients, where there are any.
pub enum Sealed<W: Write> {
    /// As it is.
    Plain(W),
    /// Encrypted.
    Age(StreamWriter<W>),
}

/// A stream that is decrypted, where it was encrypted.
pub enum Opened<R: Read> {
    /// As it is.
    Plain(R),
    /// Decrypted. What was changed or cut is an error, never a shorter stream.
    Age(StreamReader<R>),
}

// === impl Sealed ===

impl<W: Write> Sealed<W> {
    /// Encrypts for these recipients, `age1…`; leaves the stream as it is where there are none.
    ///
    /// # Errors
    /// One of them is none, or the stream cannot be written.
    pub fn try_new(recipients: &[String], output: W) -> Result<Self, KeyringError> {
        if recipients.is_empty() {
            return Ok(Self::Plain(output));
        }
        let refused = |error: String| KeyringError::Encrypt(error);
        let keys = recipients
            .iter()
            .map(|text| {
                text.parse::<x25519::Recipient>()
                    .map_err(|reason| refused(format!("`{text}`: {reason}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let each = keys.iter().map(|key| key as &dyn Recipient);
        let encryptor =
            age::Encryptor::with_recipients(each).map_err(|error| refused(error.to_string()))?;
        let writer = encryptor.wrap_output(output);
        writer
            .map(Self::Age)
            .map_err(|error| refused(error.to_string()))
    }

    /// Writes what is left and gives the stream back. Without it what was written cannot be
    /// decrypted.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Age(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Age(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Age(writer) => writer.flush(),
        }
    }
}

// === impl Opened ===

impl<R: Read> Opened<R> {
    /// Decrypts what was encrypted for one of an identity's recipients.
    ///
    /// # Errors
    /// It was encrypted for others, or is none.
    pub fn try_new(keys: &Keys, input: R) -> Result<Self, KeyringError> {
        let refused = |error: age::DecryptError| KeyringError::Decrypt(error.to_string());
        let decryptor = age::Decryptor::new(input).map_err(refused)?;
        let identity = keys.identity() as &dyn age::Identity;
        let reader = decryptor.decrypt(std::iter::once(identity));
        reader.map(Self::Age).map_err(refused)
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(bytes),
            Self::Age(reader) => reader.read(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;

    #[test]
    fn what_is_sealed_is_read_by_its_recipients_and_only_whole() {
        let home = tempfile::tempdir().unwrap();
        let [mine, other] = ["mine", "other"].map(|name| Keyring::of_file(home.path().join(name)));
        let [mine, other] = [mine, other].map(|keyring| keyring.open_or_create().unwrap());
        let text = b"words ".repeat(50_000);
        let mut sealed = Sealed::try_new(&[mine.recipient()], Vec::new()).unwrap();
        sealed.write_all(&text).unwrap();
        let sealed = sealed.finish().unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"words "));

        let mut opened = Vec::new();
        let mut reader = Opened::try_new(&mine, &sealed[..]).unwrap();
        reader.read_to_end(&mut opened).unwrap();
        assert!(opened == text);
        assert!(Opened::try_new(&other, &sealed[..]).is_err());
        let cut = &sealed[..sealed.len() - 70_000];
        let mut reader = Opened::try_new(&mine, cut).unwrap();
        assert!(reader.read_to_end(&mut opened).is_err());
    }

    #[test]
    fn without_recipients_nothing_is_changed() {
        let mut plain = Sealed::try_new(&[], Vec::new()).unwrap();
        plain.write_all(b"x").unwrap();
        assert_eq!(plain.finish().unwrap(), b"x");
        assert!(Sealed::try_new(&["age1wrong".to_owned()], Vec::new()).is_err());
    }
}
