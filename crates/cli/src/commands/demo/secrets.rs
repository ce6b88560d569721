//! Production's secrets, as somebody would set them on a new server.

use std::io::Write as _;
use std::process::Stdio;

use owo_colors::OwoColorize;

use super::shop::Shop;
use crate::error::{CliError, Kind, Result};

/// Sets what the storefront's docker-compose.production.yml lists.
pub(super) fn set(shop: &Shop) -> Result<()> {
    anstream::eprintln!("\n{}", "production's secrets are set".bold().cyan());
    run(shop, &["secret_key", "--generate"], None)?;
    run(shop, &["db_password", "--generate"], None)?;
    // Both sides have to know the broker's password; this one ends with the demo.
    let password = "of-a-broker-that-is-gone-with-the-demo";
    let url = format!("amqp://storefront:{password}@rabbitmq:5672/");
    run(shop, &["rabbitmq_url"], Some(&url))?;
    let conf = format!("default_user = storefront\ndefault_pass = {password}\n");
    run(shop, &["rabbitmq_conf"], Some(&conf))
}

fn run(shop: &Shop, words: &[&str], input: Option<&str>) -> Result<()> {
    let words = [&["secrets", "set", "production"], words].concat();
    anstream::eprintln!("{} shipway {}", "$".dimmed(), words.join(" "));
    let mut child = shop.shipway(&words)?.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.unwrap_or_default().as_bytes())?;
    }
    if child.wait()?.success() {
        return Ok(());
    }
    let wrong = format!("`shipway {}` failed", words.join(" "));
    Err(CliError::new(Kind::Failed, wrong))
}
