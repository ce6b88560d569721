//! `shipway gates split`.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use shipway_pipeline::gate::{Timings, split};

use crate::error::{CliError, Kind, Result};

/// Choose the tests of this part of a gate, so that all parts take about as long
///
/// Reads the names of test files from standard input, one a line, and prints those of this part.
/// What each took comes from the JUnit report of the gate's last pass. Meant for the command of a
/// gate with `parallel`, where the options have their values from the environment:
/// `ls shop/*/tests/test_*.py | shipway gates split | xargs -r pytest --junitxml=junit.xml`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which part, from 1
    #[arg(long, env = "SHIPWAY_PART", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    part: u32,
    /// How many parts there are
    #[arg(long, env = "SHIPWAY_PARTS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    parts: u32,
    /// What each file or class took in seconds, as a JSON document
    #[arg(long, value_name = "FILE", env = "SHIPWAY_TIMINGS")]
    timings: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let (part, parts) = (arguments.part, arguments.parts);
    if part > parts {
        return Err(CliError::usage(format!(
            "there is no part {part} of {parts}"
        )));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| CliError::of(Kind::Failed, &error))?;
    let names: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        let told = "no names of tests came by standard input";
        return Err(CliError::usage(told).hint("pipe a list into it: `ls test_*.py | …`"));
    }
    // A test runner that is given no name runs them all.
    if names.len() < parts as usize {
        let count = names.len();
        let told = format!("there are {count} names for {parts} parts");
        let hint = format!("`parallel` of the gate is at most {count}");
        return Err(CliError::usage(told).hint(hint));
    }
    for name in split(&names, &timings(arguments)?, (part, parts)) {
        anstream::println!("{name}");
    }
    Ok(ExitCode::SUCCESS)
}

fn timings(arguments: &Arguments) -> Result<Timings> {
    let Some(path) = &arguments.timings else {
        return Ok(Timings::new());
    };
    let text = std::fs::read(path);
    let read = text.map_err(|error| error.to_string()).and_then(|text| {
        serde_json::from_slice::<Timings>(&text).map_err(|error| error.to_string())
    });
    read.map_err(|reason| CliError::usage(format!("cannot read `{}`: {reason}", path.display())))
}
