//! The commands: one file each.

mod bench;
mod check_layers;
mod ci;
mod compare_compose;
mod fuzz;
mod generate;
mod prove;
mod provision;
mod test;

use anyhow::Result;
use clap::Subcommand;

/// What can be done. A new command is a file beside this one and a line in each list here.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Test(test::Arguments),
    Provision(provision::Arguments),
    Ci(ci::Arguments),
    CheckLayers(check_layers::Arguments),
    Generate(generate::Arguments),
    Bench(bench::Arguments),
    CompareCompose(compare_compose::Arguments),
    Fuzz(fuzz::Arguments),
    Prove(prove::Arguments),
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Test(arguments) => test::run(&arguments),
            Self::Provision(arguments) => provision::run(&arguments),
            Self::Ci(arguments) => ci::run(&arguments),
            Self::CheckLayers(arguments) => check_layers::run(&arguments),
            Self::Generate(arguments) => generate::run(&arguments),
            Self::Bench(arguments) => bench::run(&arguments),
            Self::CompareCompose(arguments) => compare_compose::run(&arguments),
            Self::Fuzz(arguments) => fuzz::run(&arguments),
            Self::Prove(arguments) => prove::run(&arguments),
        }
    }
}
