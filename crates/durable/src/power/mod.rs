//! A simulated loss of power: what was done to a directory is recorded, and from that every state
//! is made in which a disk may be found afterwards.
//!
//! A disk keeps what was synced, and may keep anything of what was not:
//!
//! - A file's content is on disk when the *file* was synced. Before that it may be the old one, or
//!   the new one, or nothing, a part of the new one, zeros, a part and then zeros, or what other
//!   files left there.
//! - A name is on disk when its *directory* was synced. Before that each name of the directory may
//!   be as it was or as any step since has made it, each on its own: of a rename, one half may be
//!   there and the other not. That is more than journalling file systems do to anybody.
//!
//! ```
//! use shipway_durable::{power, replace};
//!
//! # let home = std::env::temp_dir().join(format!("shipway-power-{}", std::process::id()));
//! # std::fs::create_dir_all(home.join("disk"))?;
//! let (disk, scratch) = (home.join("disk"), home.join("scratch"));
//! let recording = power::record(&disk, || {
//!     replace(&disk.join("number"), b"1")?;
//!     power::acknowledge(1);
//!     std::io::Result::Ok(())
//! })?;
//! recording.each_loss(&scratch, |loss| {
//!     let found = std::fs::read(loss.directory.join("number"));
//!     assert!(loss.acknowledged == 0 || found.unwrap() == b"1");
//! })?;
//! # std::fs::remove_dir_all(&home)?;
//! # std::io::Result::Ok(())
//! ```

mod disk;
mod recording;

pub use recording::{Loss, Recording, acknowledge, record};
pub(crate) use recording::{Step, record_step};
