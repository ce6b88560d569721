//! What a project is loaded from.

use std::io;

/// A Compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, absolute or relative to the project's directory; shown to the user as it is.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// What to load, and how.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The Compose files, each over the ones before.
    pub files: &'a [SourceFile],
    /// The project's directory, absolute: relative paths of the files start here.
    pub directory: &'a str,
    /// The project's name, in place of the files' own.
    pub name: Option<&'a str>,
    /// Profiles whose services are active; `*` is all of them.
    pub profiles: &'a [String],
    /// Looks variables up.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
}

/// The files that Compose files name: `extends`, `include`, `env_file`, `label_file`.
pub trait Files {
    /// Returns the text of a file by its absolute, lexically cleaned path.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] says that there is no such file, which is
    /// no error where the file need not be there. Text that is no UTF-8 is
    /// [`io::ErrorKind::InvalidData`].
    fn read(&mut self, path: &str) -> io::Result<String>;
}

impl<F: FnMut(&str) -> io::Result<String>> Files for F {
    fn read(&mut self, path: &str) -> io::Result<String> {
        self(path)
    }
}

/// No files at all: every one is missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&mut self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl<'a> Request<'a> {
    /// Makes a request without variables, profiles or a name of its own.
    #[must_use]
    pub fn new(files: &'a [SourceFile], directory: &'a str) -> Self {
        Self {
            files,
            directory,
            name: None,
            profiles: &[],
            variables: &|_| None,
        }
    }

    /// Sets how variables are looked up.
    #[must_use]
    pub fn with_variables(self, variables: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { variables, ..self }
    }
}
