//! Whatever comes, nothing panics, and what goes on can be read in one way only.
//!
//! Seeded: a run of the tests tries the same cases each time, and
//! `cargo xtask fuzz` others for as long as one likes. What fails is printed.

mod framing;
mod headers;
mod random;

/// What the tests over sockets send and read by as well.
#[path = "../../tests/it/hostile/bodies.rs"]
mod bodies;
#[path = "../../tests/it/hostile/corpus.rs"]
#[expect(dead_code, reason = "here only the bytes are of use")]
mod corpus;
#[path = "../../tests/it/hostile/strict.rs"]
mod strict;
