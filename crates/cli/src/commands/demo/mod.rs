//! `shipway demo`: the whole story on a real site, with a count of every request.
//!
//! Everything is done by this very program, started as a user would start it,
//! in a temporary copy of the reference application.

mod ending;
mod examples;
mod load;
mod secrets;
mod shop;
mod story;
mod switches;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::error::Result;
use crate::exit;

/// Watch a real Django site go through all environments under constant load
///
/// Makes a temporary copy of the storefront with a git history of four releases, takes it through
/// development, testing, staging and production, replaces it under constant load, meets a release
/// that never becomes healthy and one that turns bad after the switch, and rolls back by hand.
/// Counts every request; exits with code 1 if one was lost. Needs git, Python 3 with venv and
/// access to a Python package index; with `--engine`, git and a Docker Engine with Compose.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run the shop in containers, with PostgreSQL, memcached and RabbitMQ in each environment
    /// and production's secrets from Shipway's own store
    #[arg(long, conflicts_with = "end")]
    engine: bool,
    /// After the story, switch production so often between two releases, under twice the clients
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "end")]
    switches: u32,
    /// Leave everything running at the end and say where to look
    #[arg(long)]
    keep: bool,
    /// End what a demo with `--keep` left running in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    end: Option<PathBuf>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result {
    if let Some(directory) = &arguments.end {
        ending::end(directory).await?;
        anstream::eprintln!("ended and removed {}", directory.display());
        return Ok(ExitCode::SUCCESS);
    }
    let form = if arguments.engine {
        shop::Form::Containers
    } else {
        shop::Form::Processes
    };
    let shop = shop::Shop::set_up(form)?;
    let told = tokio::select! {
        told = tell(&shop, arguments.switches) => told,
        _ = tokio::signal::ctrl_c() => Err(crate::error::CliError::new(
            crate::error::Kind::Interrupted,
            "the demo was interrupted",
        )),
    };
    if arguments.keep {
        keep(&shop);
    } else {
        anstream::eprintln!("{}", "cleaning up".dimmed());
        ending::end(shop.root()).await?;
    }
    let story = told?;
    anstream::print!("\n{}", tally::render(&story.acts));
    let verdict = tally::verdict(&story.acts);
    anstream::println!("\n{}", verdict.text);
    Ok(ExitCode::from(if verdict.is_good {
        exit::OK
    } else {
        exit::FAILED
    }))
}

async fn tell(shop: &shop::Shop, switches: u32) -> Result<story::Story> {
    let mut story = story::tell(shop).await?;
    if switches > 0 {
        story.acts.push(switches::run_all(shop, switches).await?);
    }
    Ok(story)
}

fn keep(shop: &shop::Shop) {
    let root = shop.root().display();
    anstream::eprintln!(
        "\n{} everything is still running in {root}",
        "kept:".cyan().bold()
    );
    for (name, port) in shop.ports() {
        anstream::eprintln!("  {name:<12} http://127.0.0.1:{port}/");
    }
    anstream::eprintln!(
        "  look:  shipway -C {} --proxy-dir {} status",
        shop.project().display(),
        shop.proxy().display()
    );
    anstream::eprintln!("  end:   shipway demo --end {root}");
}
