//! The state directory: where everything stands, and how it is written and locked.

pub(crate) mod epoch;
pub(crate) mod files;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod secret_file;
pub(crate) mod stopping;
