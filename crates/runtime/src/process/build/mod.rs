//! Builds artifacts: a clean export of the commit, the steps run in it, made read-only.
//!
//! Steps run in the directory where the artifact stays (`artifacts/<key>/tree`), so absolute paths
//! that they write stay right. The key is the hash of the project's tree in git and of the steps:
//! what was built once is found again, from whatever commit.

mod cache;
mod digest;
mod environment;
mod key;
mod step;
mod steps;

pub(super) use environment::of_caller as environment_of_caller;
pub(super) use steps::build;
