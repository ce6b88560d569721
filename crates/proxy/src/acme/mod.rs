//! Certificates that the proxy has issued by ACME (RFC 8555), and renews.
//!
//! ```text
//!   registry ── routes ─► keeper ── when? ─► schedule (pure)
//!      ▲                    │ one task for each host that is due
//!      │ reads anew         ▼
//!   keyring ◄── files ── attempt ── account, http ─► authority
//!                           │ gives                    │ looks
//!                           ▼                          ▼
//!                        answers ◄── request, worker ── at the listeners
//! ```
//!
//! Each host has a certificate of its own: one that cannot be shown to be ours
//! keeps no other from having one, and routes that share a host share its
//! certificate. What an attempt needs to go on is on the disk before it is used
//! ([`place`]): a process that takes over, or comes after a kill, goes on with
//! the same account, the same order and the same key.

mod account;
mod answers;
mod attempt;
mod handshake;
mod hosts;
mod http;
mod keeper;
mod place;
mod problem;
mod record;
mod register;
mod schedule;

pub(crate) use answers::Answers;
pub(crate) use keeper::{Keeper, Told};
pub(crate) use place::Place;
pub(crate) use schedule::Validity;
