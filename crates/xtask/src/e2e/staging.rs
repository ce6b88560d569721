//! Staging: production's image with two web replicas over data that outlives every container.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::Server;
use super::project::Project;
use super::{Setting, until};

const HOST: &str = "staging.storefront.example";

const VARIABLES: [(&str, &str); 3] = [
    (
        "SECRET_KEY",
        "known-to-this-test-alone-and-long-enough-for-it",
    ),
    (
        "POSTGRES_PASSWORD",
        "of-a-database-that-is-gone-in-a-minute",
    ),
    ("RABBITMQ_PASSWORD", "of-a-broker-that-is-gone-in-a-minute"),
];

/// An order goes through the outbox, RabbitMQ and the worker, half a second each.
const CONFIRMING: Duration = Duration::from_secs(30);

pub(super) fn run(setting: &Setting<'_>) -> Result<()> {
    let project = Project::begin(setting, "staging", &VARIABLES, &[])?;
    project.build(&[])?;
    project.up(&["db", "memcached", "rabbitmq"])?;
    project.task("web", &["python", "manage.py", "migrate", "--noinput"])?;
    project.task("web", &["python", "manage.py", "seed"])?;
    project.up(&[])?;

    let servers = project.servers("web", 8000, HOST)?;
    ensure!(servers.len() == 2, "{} web containers", servers.len());
    for server in &servers {
        check_health(server)?;
    }
    // Written by one of them, read by the other.
    let number = order(&servers[0])?;
    until::holds(CONFIRMING, || {
        check_order(&servers[1], &number, "confirmed")
    })?;

    // The data is in volumes, the containers are not.
    project.down()?;
    project.up(&[])?;
    let [server, _] = project.servers("web", 8000, HOST)?[..] else {
        anyhow::bail!("not two web containers");
    };
    check_health(&server)?;
    check_order(&server, &number, "confirmed")?;
    project.remove()
}

/// All that is configured must answer, and all must be configured.
pub(super) fn check_health(server: &Server) -> Result<()> {
    let health = server.get("/health/")?.json(200)?;
    let expected = json!({ "database": "healthy", "cache": "healthy", "queue": "healthy" });
    ensure!(health["checks"] == expected, "{health}");
    Ok(())
}

/// Orders two of the first product and returns the order's number.
pub(super) fn order(server: &Server) -> Result<String> {
    let products = server.get("/api/products/")?.json(200)?;
    let product = &products["products"][0]["id"];
    let order = json!({
        "idempotency_key": "the-only-one",
        "email": "someone@example.org",
        "items": [{ "product": product, "quantity": 2 }],
    });
    let answer = server.post("/api/orders/", &order)?.json(201)?;
    let number = answer["number"].as_str().map(str::to_owned);
    number.with_context(|| format!("an order without a number: {answer}"))
}

fn check_order(server: &Server, number: &str, status: &str) -> Result<()> {
    let order: Value = server.get(&format!("/api/orders/{number}/"))?.json(200)?;
    ensure!(order["status"] == status, "{order}");
    Ok(())
}
