//! Where a secret's value comes from: never from the command line, which others can read.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use shipway_pipeline::secret::SecretValue;

use crate::error::{CliError, Result};

/// Longer values are files that somebody gave by mistake.
const LONGEST: usize = 1024 * 1024;

/// Letters and digits, and what no shell, URL or configuration file takes for something else.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Where a value comes from.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Read the value from this file, as it is
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    file: Option<PathBuf>,
    /// Make a random value of this many letters, digits, `-` and `_`
    #[arg(long, value_name = "LENGTH", num_args = 0..=1, default_missing_value = "50",
          value_parser = clap::value_parser!(u16).range(16..=4096))]
    generate: Option<u16>,
}

impl Source {
    pub(super) fn read(&self) -> Result<SecretValue> {
        if let Some(length) = self.generate {
            return generate(usize::from(length));
        }
        let value = match &self.file {
            Some(path) => std::fs::read(path).map_err(|error| {
                CliError::usage(format!("cannot read `{}`: {error}", path.display()))
            })?,
            None => from_input()?,
        };
        if value.is_empty() {
            return Err(CliError::usage("the value is empty")
                .hint("write it to standard input, or give `--file` or `--generate`"));
        }
        if value.len() > LONGEST {
            return Err(CliError::usage("the value is longer than 1 MiB"));
        }
        Ok(SecretValue::new(value))
    }
}

fn from_input() -> Result<Vec<u8>> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        anstream::eprintln!("Enter the value; Ctrl-D on a line of its own ends it.");
    }
    let mut value = Vec::new();
    input.read_to_end(&mut value)?;
    // `echo` and terminals end what they give with one.
    if value.ends_with(b"\n") {
        value.pop();
        if value.ends_with(b"\r") {
            value.pop();
        }
    }
    Ok(value)
}

fn generate(length: usize) -> Result<SecretValue> {
    let mut random = vec![0; length];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    // 64 letters: six bits of each byte, without favouring any.
    let letters = random.iter().map(|byte| ALPHABET[usize::from(byte & 63)]);
    Ok(SecretValue::new(letters.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_values_are_long_plain_and_never_the_same() {
        let one = generate(50).unwrap();
        assert_eq!(one.expose().len(), 50);
        assert!(one.expose().iter().all(|letter| ALPHABET.contains(letter)));
        assert_ne!(one, generate(50).unwrap());
    }
}
