//! Files that outlast a kill and the loss of power.
//!
//! All of Shipway's own files that somebody relies on are written by this crate, in one way: beside,
//! synced, renamed, and the directory synced. What it does to a disk are a few steps ([`File`],
//! [`rename`], [`sync_directory`] and so on), and everything else is made of them. So there is one
//! place where a development build can be killed before and after each of them ([`crash_point`]),
//! and one where they are recorded, so that every state can be looked at in which a disk may be
//! found after the power failed (`power`).
//!
//! ```
//! # let home = std::env::temp_dir().join(format!("shipway-durable-{}", std::process::id()));
//! shipway_durable::make_directory(&home)?;
//! let path = home.join("epoch");
//! shipway_durable::replace(&path, b"7")?;
//! // Whatever happens from here on, it is 7 or something newer.
//! assert_eq!(std::fs::read(&path)?, b"7");
//! # std::fs::remove_dir_all(&home)?;
//! # std::io::Result::Ok(())
//! ```

pub mod crash_point;
mod directory;
#[cfg(debug_assertions)]
pub mod power;
mod replace;
mod step;

pub use directory::{make_directory, make_directory_unsynced};
pub use replace::{
    Access, publish, remove_leftovers, replace, replace_as, replace_link, replace_unsynced,
    temporary_of,
};
pub use step::{File, hard_link, remove, rename, sync_directory};
