//! Names of what is built, known before it is built. Pure.

use sha2::{Digest, Sha256};
use shipway_compose::process::BuildStep;

use super::super::start::hex;

/// Digits of a key: far from collisions, short enough for the path limit of `#!` lines.
const DIGITS: usize = 32;

/// The key of an artifact: what it is exported from, and the steps.
pub(super) fn of_artifact(tree: &str, steps: &[BuildStep]) -> String {
    let mut key = Key::new("artifact 1");
    key.add(tree);
    for step in steps {
        key.add(&step.run);
        key.add(step.output.as_deref().unwrap_or_default());
        key.add(&step.inputs.len().to_string());
        for input in &step.inputs {
            key.add(input);
        }
    }
    key.finish()
}

/// A hash over texts, in which no two lists of texts are the same.
#[derive(Debug)]
pub(super) struct Key(Sha256);

// === impl Key ===

impl Key {
    pub(super) fn new(kind: &str) -> Self {
        let mut key = Self(Sha256::new());
        key.add(kind);
        key
    }

    pub(super) fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    pub(super) fn finish(self) -> String {
        let mut digits = hex(&self.0.finalize());
        digits.truncate(DIGITS);
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(run: &str, inputs: &[&str]) -> BuildStep {
        BuildStep {
            run: run.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: None,
        }
    }

    #[test]
    fn whatever_decides_the_content_decides_the_key() {
        let keys = [
            of_artifact("t", &[]),
            of_artifact("u", &[]),
            of_artifact("t", &[step("make", &[])]),
            of_artifact("t", &[step("make", &["a", "b"])]),
            of_artifact("t", &[step("make", &["ab"])]),
            of_artifact("t", &[step("ma", &[]), step("ke", &[])]),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(key.len(), DIGITS);
            assert!(!keys[..index].contains(key));
        }
    }
}
