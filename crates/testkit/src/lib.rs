//! Test environments with real processes and real HTTP, and the traffic checker.
//!
//! A [`Sandbox`] holds a repository with a small application ([`Behaviour`]
//! says how each release of it behaves), runs `shipway` in it, and leaves no
//! process behind however a test ends. [`Traffic`] keeps a constant load on an
//! environment and tells what became of every request.
//!
//! Helpers panic where a test could only give up: what they say is the test's
//! failure.

mod acme_server;
mod application;
mod certificates;
mod client;
mod containers;
mod daemon;
pub mod fakes;
mod guard;
mod journal;
mod mail_server;
mod mix;
mod port;
mod postgres;
mod process;
mod receiver;
mod registry;
mod run;
mod s3_server;
mod sandbox;
mod second_engine;
mod small_disk;
mod ssh_server;
mod traffic;
mod wait;

pub use acme_server::{AcmeServer, Counted, Trouble};
pub use application::Behaviour;
pub use certificates::Certificates;
pub use client::{Answer, Socket, get};
pub use containers::docker;
pub use daemon::{Call, Daemon, Reply};
pub use mail_server::{MailServer, Protection, TakenMail};
pub use mix::{Mix, Mixed, Tally};
pub use port::PortClaim;
pub use postgres::PostgresServer;
pub use process::{Process, Purpose, hang_up, kill};
pub use receiver::{Received, Receiver, Response};
pub use registry::Registry;
pub use run::{Ended, Running};
pub use s3_server::S3Server;
pub use sandbox::{Environment, Sandbox};
pub use second_engine::SecondEngine;
pub use small_disk::SmallDisk;
pub use ssh_server::SshServer;
pub use traffic::{Observed, Traffic};
pub use wait::{PATIENCE, wait_until};
