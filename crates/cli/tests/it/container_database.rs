//! A PostgreSQL server in a container: backed up, proven and restored by its own programs.

use shipway_testkit::{Behaviour, Environment, Sandbox, docker};

use crate::common::{PROGRAM, deployed};

/// It is healthy while its image still makes it, as in most Compose files: the server that makes it
/// answers on its socket, and ends once more before there is one that serves.
pub(crate) const DATABASE: &str = "
  db:
    image: postgres:17.2
    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: of-this-test-alone }
    volumes: [\"rows:/var/lib/postgresql/data\"]
    healthcheck: { test: [CMD-SHELL, \"pg_isready --username shop\"], interval: 500ms }

volumes:
  rows: {}
";

/// The container of the database.
pub(crate) fn container(sandbox: &Sandbox) -> String {
    format!("{}-testing-db-1", sandbox.project_name())
}

/// What the database's own client says.
pub(crate) fn say(sandbox: &Sandbox, sql: &str) -> String {
    let container = container(sandbox);
    let words = [
        "exec",
        &container,
        "psql",
        "--username",
        "shop",
        "-qAtc",
        sql,
    ];
    docker(&words).trim().to_owned()
}

/// Makes the database hold one word.
fn write(sandbox: &Sandbox, word: &str) {
    let sql = format!("DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT '{word}' AS word");
    say(sandbox, &sql);
}

fn word(sandbox: &Sandbox) -> String {
    say(sandbox, "SELECT word FROM t")
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_database_in_a_container_is_backed_up_proven_restored_and_put_back() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace("docker-compose.yml", "\nvolumes:\n", DATABASE);
    sandbox.release(Behaviour::Good);
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    write(&sandbox, "first");
    let made = sandbox
        .run_well(["backup", "create", "testing", "--verify", "--json"])
        .json();
    assert_eq!(made["contents"]["tables"]["public.t"], 1, "{made:#}");
    assert!(made["proven"].is_number(), "{made:#}");
    write(&sandbox, "second");

    sandbox.run_well(["restore", "testing", "b1", "--yes"]);
    assert_eq!(word(&sandbox), "first");
    assert_eq!(sandbox.answering("testing"), release);
    sandbox.run_well(["restore", "testing", "--undo", "--yes"]);
    assert_eq!(word(&sandbox), "second");
    assert_eq!(sandbox.answering("testing"), release);
    // Whatever was made for it is gone when it is accepted.
    sandbox.run_well(["restore", "testing", "--accept", "--yes"]);
    let databases = "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'shop%'";
    assert_eq!(say(&sandbox, databases), "shop");
}
