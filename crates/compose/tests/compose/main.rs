//! The loader beside `docker compose config`.
//!
//! | module | what it shows |
//! | --- | --- |
//! | `corpus` | one small project for each rule, with Compose's answer stored beside it |
//! | `generated` | random valid projects, compared with Compose where it is present |
//! | `round_trip` | what we render reads as the same project |
//! | `robustness` | whatever the bytes are, an answer comes, soon and in bounded memory |
//!
//! The corpus needs no Compose. With one at hand, `cargo xtask compare-compose`
//! asks it again and tries many more random projects.

#![expect(
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "these tests ask a real Compose, and say how many projects were compared"
)]

mod answer;
mod case;
mod compare;
mod corpus;
mod directory;
mod generate;
mod generated;
mod mutate;
mod oracle;
mod project;
mod robustness;
mod round_trip;
