//! The smallest program that a `Launcher` can name: what a hidden command of a CLI does.
//!
//! The tests of the process runtime run it as their supervisor.

use std::process::ExitCode;

use shipway_runtime::process::run_helper;

fn main() -> ExitCode {
    // The program's name, and the word that a CLI's hidden command would have.
    run_helper(std::env::args_os().skip(2))
}
