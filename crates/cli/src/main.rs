//! The `shipway` binary: parse, wire, run, turn the result into an exit code.

mod arguments;
mod branches;
mod carrying;
mod commands;
mod confirm;
mod context;
mod deploying;
mod error;
mod exit;
mod following;
mod interrupt;
mod leaving;
mod leftovers;
mod live;
mod mask;
mod news;
mod remote;
mod removal;
mod render;
mod requests;
mod required;
mod telling;
mod turn;
mod usage;
mod wanted;
mod wish;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == context::HELPER) {
        // Helpers are small and run for as long as an instance: no parser, no runtime.
        return shipway_runtime::process::run_helper(words);
    }
    let arguments = arguments::Arguments::parse();
    let color = arguments.color;
    color.write_global();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => error::report(&error),
    }
}
