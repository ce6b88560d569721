//! The four environments, and the words that people have for them.

use std::fmt;

/// An environment of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Development,
    Testing,
    Staging,
    Production,
}

impl Stage {
    /// In the order of the pipeline.
    pub(super) const ALL: [Self; 4] = [
        Self::Development,
        Self::Testing,
        Self::Staging,
        Self::Production,
    ];

    /// The environment that a word of a file's or folder's name means.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "development" | "develop" | "devel" | "dev" | "local" => Some(Self::Development),
            "testing" | "tests" | "test" | "qa" | "ci" => Some(Self::Testing),
            "staging" | "stage" | "stg" | "preprod" | "preproduction" | "uat" => {
                Some(Self::Staging)
            }
            "production" | "prod" | "prd" | "live" => Some(Self::Production),
            _ => None,
        }
    }

    /// The environment that a folder's path means, its last word first.
    pub(super) fn of_folder(folder: &str) -> Option<Self> {
        folder
            .rsplit('/')
            .find_map(|part| words(part).find_map(Self::of_word))
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Whose files to take where there are none of its own, the likest first.
    pub(super) fn likest(self) -> [Self; 3] {
        use Stage::{Development, Production, Staging, Testing};
        match self {
            Development => [Testing, Staging, Production],
            Testing => [Staging, Production, Development],
            Staging => [Production, Testing, Development],
            Production => [Staging, Testing, Development],
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The words of a name: `docker-compose.prod` has three.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', '-', '_']).filter(|word| !word.is_empty())
}
