//! The short forms that put several values into one string.
//!
//! Merging compares what the strings mean, and reading types them: both use
//! these. Nothing here knows about places.

pub mod bytes;
pub mod duration;
pub mod port;
pub mod volume;
