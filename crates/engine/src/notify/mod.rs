//! Tells people and systems what happened, over channels that may be slow or gone.
//!
//! ```text
//!  store: facts ─► address: channels of shipway.yml that take them ─► store: messages
//!                                                                         │ due
//!      end of the attempt, when the next one is ◄── send ◄── begin ◄──────┘
//! ```
//!
//! Whoever comes by delivers: a command at its end, the daemon, `shipway notify run-due`. The store
//! keeps two of them from sending the same. Killed between sending and recording, a message is
//! sent a second time, under the same name.

mod courier;
mod forge;
mod http;
mod mail;
mod notice;
mod sign;
mod values;

pub use courier::{Courier, Sent};
