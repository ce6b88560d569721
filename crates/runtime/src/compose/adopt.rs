//! A Compose project that somebody else started, taken over by an environment.
//!
//! Labels of a container cannot be changed, so that its shared containers belong to the
//! environment is recorded in the slot's directory. What is done to the containers that are
//! replaced is written down before it is done, with how they were.

mod replace;
mod shared;

pub(super) use replace::{give_back, retire, take_over};
pub(super) use shared::{RECORD, members, record, without_existing};
