//! Files as they are handed in.

use std::borrow::Cow;

/// A file of a project: where it is and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path that is shown, with `/` between its parts.
    pub path: String,
    /// The text.
    pub text: String,
}

// === impl File ===

impl File {
    /// Makes a file from its text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Makes a file from what stands on disk, in the encoding that Python would read it in.
    ///
    /// UTF-8 unless the first two lines say `coding: latin-1`. Bytes that fit no encoding become
    /// the replacement character: a migration's meaning does not hang on them.
    #[must_use]
    pub fn decode(path: impl Into<String>, bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if is_latin(bytes) => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Err(_) => String::from_utf8_lossy(bytes),
        };
        Self::new(path, text)
    }

    /// Returns the file's name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the name of the folder that the file is in.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        self.path.rsplit('/').nth(1)
    }

    /// Whether a path is one of a migration, by its names alone.
    #[must_use]
    pub fn is_migration(path: &str) -> bool {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        parts.any(Self::is_folder) && Self::is_script(name)
    }

    /// Whether scripts in a folder of this name, and below it, are migrations.
    #[must_use]
    pub fn is_folder(name: &str) -> bool {
        name.contains("migration") || name == "migrate"
    }

    /// Whether a file in a folder that somebody named could be a migration.
    #[must_use]
    pub fn is_script(name: &str) -> bool {
        name.ends_with(".sql") || name.ends_with(".py") && !name.ends_with("__init__.py")
    }

    /// Returns line and column of an offset, both from 1, the column in characters.
    #[must_use]
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

/// Whether the first two lines declare Latin-1, as PEP 263 has it.
fn is_latin(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').take(2).any(|line| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        line.trim_start().starts_with('#')
            && line.contains("coding")
            && [
                "latin-1",
                "latin1",
                "iso-8859-1",
                "iso8859-1",
                "iso-latin-1",
            ]
            .iter()
            .any(|name| line.contains(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters() {
        let file = File::new("a/b.py", "é = 1\nüx");
        assert_eq!(file.line_and_column(0), (1, 1));
        assert_eq!(file.line_and_column(file.text.len()), (2, 3));
        assert_eq!(file.line_and_column(999), (2, 3));
        assert_eq!((file.name(), file.folder()), ("b.py", Some("a")));
    }

    #[test]
    fn encodings_are_pythons() {
        let latin = File::decode("x.py", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n");
        assert!(latin.text.ends_with("x = 'é'\n"));
        assert_eq!(File::decode("x.py", b"\xef\xbb\xbfx").text, "x");
        assert_eq!(File::decode("x.py", b"\xe9").text, "\u{fffd}");
    }
}
