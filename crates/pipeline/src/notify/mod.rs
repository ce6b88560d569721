//! Telling people and systems: what is worth telling, to whom, in which words, and when to try
//! again.
//!
//! ```text
//!  end of a deployment ─┐                    channels of shipway.yml
//!  change of a request ─┼─► Fact ─► Notice ─────────┬─► Message ─► render::* ─► sent
//!  backup that failed ──┘  stored with what it      │                              │
//!                          tells of                 └── again, later ◄── retry ◄───┘
//! ```
//!
//! A fact is recorded in the transaction that makes it one, whoever is told of it. Which channels
//! take it is decided afterwards, and what they are sent stays the same however often it is tried.

mod channel;
mod event;
mod fact;
mod forge;
mod message;
mod notice;
pub mod render;
pub mod retry;

pub use channel::{Channel, Reference, Security, Smtp, Target, is_loopback};
pub use event::Event;
pub use fact::{About, Fact};
pub use forge::{Forge, ForgeKind, Stand};
pub use message::{Message, Tone};
pub use notice::{Notice, VERSION};

#[cfg(test)]
mod fixtures;
