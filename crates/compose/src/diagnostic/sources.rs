//! The files that spans point into.

/// The files that spans point into, by the number in a span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A YAML document.
    Yaml,
    /// `NAME=value` lines.
    Variables,
}

/// A file by its name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name shown to the user.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// What it holds.
    pub kind: SourceKind,
}

// === impl Sources ===

impl Sources {
    /// Makes an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a YAML file and returns its number.
    ///
    /// After 65,536 files the last number is returned again; spans of those
    /// files then show the wrong line but harm nothing else.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u16 {
        self.push(Source {
            name: name.into(),
            text: text.into(),
            kind: SourceKind::Yaml,
        })
    }

    /// Adds a file of variables and returns its number, as [`add`](Self::add) does.
    pub fn add_variables(&mut self, name: impl Into<String>, text: impl Into<String>) -> u16 {
        self.push(Source {
            name: name.into(),
            text: text.into(),
            kind: SourceKind::Variables,
        })
    }

    pub(super) fn push(&mut self, source: Source) -> u16 {
        self.files.push(source);
        u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX)
    }

    /// Returns a file by its number.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&Source> {
        self.files.get(usize::from(number))
    }

    /// Returns the number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Returns whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Iterates over the files in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }
}
