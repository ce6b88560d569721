//! A program of what runs in an instance.

use std::ffi::OsString;
use std::fmt;

use shipway_pipeline::secret::SecretValue;

/// A program to start inside of an instance, such as a database's own.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name, looked for where the instance looks.
    pub name: String,
    /// Its arguments. Everybody on the machine can read them.
    pub arguments: Vec<OsString>,
    /// Variables that it gets on top of the instance's own; they stand on no command line.
    pub variables: Vec<(String, SecretValue)>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
