//! The storefront as processes, with a PostgreSQL server of the test's own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use serde_json::Value;
use shipway_testkit::{Environment, PostgresServer, Sandbox, get};

use crate::common::{deployed, text};

/// Python with what the storefront imports.
const PYTHON: &str = "SHIPWAY_TEST_PYTHON";

const DATABASE: &str = "storefront";

const MODELS: &str = "shop/catalogue/models.py";

/// What `shipway.yml` says of the database.
const SECTIONS: &str = "\nmigrate: { service: web, command: python manage.py migrate --noinput, timeout: 2m }\n\
                        database: { url: '${DATABASE_URL}' }\n\
                        migrations: { lock_timeout: 300ms, retries: 2 }\n\nenvironments:";

/// The storefront in a sandbox.
pub(super) struct Shop {
    pub(super) sandbox: Sandbox,
    pub(super) server: PostgresServer,
}

// === impl Shop ===

impl Shop {
    /// The storefront with its first release live in `testing`.
    pub(super) fn new() -> (Self, String) {
        let shop = Self::prepared();
        let first = shop.deploy();
        (shop, first)
    }

    fn prepared() -> Self {
        let server = PostgresServer::new();
        server.say("postgres", &format!("CREATE DATABASE {DATABASE}"));
        let python = std::env::var(PYTHON).unwrap_or_else(|_| {
            panic!(
                "{PYTHON} names no Python with the storefront's packages: use `cargo xtask test`"
            )
        });
        let programs = Path::new(&python).parent().expect("it is in a directory");
        let sandbox = Sandbox::empty(crate::common::PROGRAM);
        sandbox.set_variable("DATABASE_URL", &server.url(DATABASE));
        copy(&sandbox);
        sandbox.write("docker-compose.yml", &compose(&server, programs));
        let testing = Environment::new("testing").with(
            "health",
            "{ path: /health/, interval: 200ms, healthy_for: 200ms, deadline: 50s }",
        );
        sandbox.add(testing);
        sandbox.replace("shipway.yml", "\nenvironments:", SECTIONS);
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox.commit("the storefront");
        Self { sandbox, server }
    }

    /// Deploys what is committed.
    #[track_caller]
    pub(super) fn deploy(&self) -> String {
        let told = self
            .sandbox
            .run_well(["deploy", "testing", "--json", "--yes"]);
        deployed(&told.json())
    }

    /// Adds a migration of the catalogue, after another one, and commits.
    pub(super) fn migration(&self, name: &str, after: &str, body: &str) {
        let path = format!("shop/catalogue/migrations/{name}.py");
        let text = format!(
            "from django.contrib.postgres.operations import AddIndexConcurrently\n\
             from django.db import migrations, models\n\n\n\
             class Migration(migrations.Migration):\n    \
             dependencies = [(\"catalogue\", \"{after}\")]\n{body}\n"
        );
        self.sandbox.write(&path, &text);
        self.sandbox.commit(name);
    }

    /// Adds a field to the model of products; nothing is committed.
    pub(super) fn field(&self, line: &str) {
        let at = "    active = models.BooleanField(default=True)\n";
        self.sandbox
            .replace(MODELS, at, &format!("{at}    {line}\n"));
    }

    /// Takes a field of the model of products away; nothing is committed.
    pub(super) fn without_field(&self, line: &str) {
        self.sandbox.replace(MODELS, &format!("    {line}\n"), "");
    }

    pub(super) fn say(&self, sql: &str) -> String {
        self.server.say(DATABASE, sql)
    }

    /// Whether the table of products has a column.
    pub(super) fn has_column(&self, name: &str) -> bool {
        let all = "SELECT column_name FROM information_schema.columns \
                   WHERE table_name = 'catalogue_product'";
        self.say(all).lines().any(|line| line == name)
    }

    /// The last migration of the catalogue.
    pub(super) fn leaf(&self) -> String {
        self.say(
            "SELECT name FROM django_migrations WHERE app = 'catalogue' ORDER BY id DESC LIMIT 1",
        )
    }

    /// A session that holds a lock on the table of products until it is dropped.
    pub(super) fn hold(&self, lock: &str) -> Held<'_> {
        let mut psql = self.server.program("psql", DATABASE);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c"])
            .arg(format!(
                "BEGIN; LOCK TABLE catalogue_product IN {lock} MODE; SELECT pg_sleep(600)"
            ));
        psql.stdout(std::process::Stdio::null());
        let held = Held {
            shop: self,
            psql: psql.spawn().expect("psql starts"),
        };
        shipway_testkit::wait_until("the lock to be held", || {
            let held = self.say(
                "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                 WHERE c.relname = 'catalogue_product' AND l.granted AND l.pid IN \
                 (SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' \
                  AND pid <> pg_backend_pid())",
            );
            (held != "0").then_some(())
        });
        held
    }

    /// The journal of the newest deployment.
    pub(super) fn newest(&self) -> Value {
        let history = self.sandbox.history();
        self.sandbox.show(text(&history[0], "/id"))
    }
}

/// What the newest deployment did, in order: the kind of each step, migrations with their turn.
pub(super) fn steps(shown: &Value) -> Vec<String> {
    let journal = shown["journal"].as_array().expect("a list").iter();
    let steps = journal.filter_map(|record| {
        let action = &record["entry"]["step"]["action"];
        let name = action["do"].as_str()?;
        Some(match action["run"]["turn"].as_str() {
            Some(turn) => format!("{name} {turn}"),
            None => match action["side"].as_str() {
                Some(side) => format!("{name} {side}"),
                None => name.to_owned(),
            },
        })
    });
    steps.collect()
}

/// A session that holds a lock.
pub(super) struct Held<'a> {
    shop: &'a Shop,
    psql: std::process::Child,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // The server would let a session sleep on whose client is gone.
        self.shop.say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
        );
        let _ = self.psql.wait();
    }
}

/// Requests, one after the other, until it is asked what became of them.
pub(super) struct Visitors {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    worker: JoinHandle<Vec<String>>,
}

impl Visitors {
    pub(super) fn of(shop: &Shop) -> Self {
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let port = shop.sandbox.port("testing");
        let (is_over, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let worker = std::thread::spawn(move || {
            let mut lost = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                count.fetch_add(1, Ordering::Relaxed);
                match get(port, "localhost", "/") {
                    Ok(answer) if answer.status == 200 => {}
                    Ok(answer) => lost.push(format!("{answer:?}")),
                    Err(error) => lost.push(error.to_string()),
                }
            }
            lost
        });
        Self { stop, sent, worker }
    }

    /// Checks that each had a good answer.
    #[track_caller]
    pub(super) fn all_served(self) {
        self.stop.store(true, Ordering::Relaxed);
        let lost = self.worker.join().expect("it does not panic");
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(
            sent > 0 && lost.is_empty(),
            "{} of {sent} lost: {lost:?}",
            lost.len()
        );
    }
}

fn copy(sandbox: &Sandbox) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront");
    for part in [
        "config",
        "shop",
        "templates",
        "static",
        "manage.py",
        "gunicorn.conf.py",
    ] {
        let status = Command::new("cp")
            .arg("-R")
            .arg(from.join(part))
            .arg(sandbox.project())
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "cannot copy {part}"
        );
    }
    sandbox.write(".gitignore", "__pycache__/\n");
}

fn compose(server: &PostgresServer, programs: &Path) -> String {
    format!(
        "services:
  web:
    image: storefront
    command: gunicorn config.wsgi:application
    volumes: [data:/data]
    x-shipway:
      process:
        path: [\"{programs}\"]
        environment:
          DATA_DIR: \"{{volume:data}}\"
          BIND_HOST: 127.0.0.1
          DJANGO_SETTINGS_MODULE: config.settings.testing
          PYTHONDONTWRITEBYTECODE: \"1\"
          WEB_CONCURRENCY: \"1\"
          POSTGRES_HOST: {host}
          POSTGRES_USER: test
          POSTGRES_PASSWORD: none
volumes:
  data:
",
        programs = programs.display(),
        host = server.host().display(),
    )
}
