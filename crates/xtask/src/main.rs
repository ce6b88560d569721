//! Development tasks: `cargo xtask test`, `provision`, `check-layers`, `generate`, `bench`,
//! `prove`, `ci`.
//!
//! What continuous integration runs is what a laptop runs: `.ci/run` calls these
//! commands and nothing else.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling people what happens is what a development task is for"
)]

mod binary;
mod commands;
mod e2e;
mod layers;
mod measure;
mod program;
mod provision;
mod reference;
mod venv;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Command;

/// Development tasks of this repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
