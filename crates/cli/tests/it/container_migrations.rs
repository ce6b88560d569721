//! Migrations of a database in a container, by the release's own image.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use shipway_testkit::{Behaviour, Environment, Sandbox, docker, wait_until};

use crate::common::{PROGRAM, deployed};
use crate::container_database::{DATABASE, container, say};

const DOCKERFILE: &str = "
FROM python:3.13-slim
WORKDIR /application
COPY requirements.txt ./
RUN --mount=type=cache,target=/var/cache/pip \\
    pip install --cache-dir /var/cache/pip --disable-pip-version-check -r requirements.txt
COPY . .
CMD [\"python3\", \"-B\", \"app.py\"]
";

const MANAGE: &str = "
import os, sys
os.environ[\"DJANGO_SETTINGS_MODULE\"] = \"settings\"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
";

const SETTINGS: &str = "
SECRET_KEY = \"of-this-test\"
INSTALLED_APPS = [\"catalogue\"]
DEFAULT_AUTO_FIELD = \"django.db.models.BigAutoField\"
DATABASES = {\"default\": {
    \"ENGINE\": \"django.db.backends.postgresql\", \"HOST\": \"db\", \"NAME\": \"shop\",
    \"USER\": \"shop\", \"PASSWORD\": \"of-this-test-alone\",
}}
";

const SECTIONS: &str = "
migrate: { service: web, command: python manage.py migrate --noinput }
migrations: { lock_timeout: 300ms, retries: 1 }

environments:";

/// A sandbox whose first release has made a table with a column `brand`.
fn shop() -> Sandbox {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace("docker-compose.yml", "\nvolumes:\n", DATABASE);
    sandbox.replace("shipway.yml", "\nenvironments:", SECTIONS);
    let packages = include_str!("../../../../examples/storefront/requirements.txt");
    for (path, text) in [
        ("Dockerfile", DOCKERFILE),
        ("requirements.txt", packages),
        ("manage.py", MANAGE),
        ("settings.py", SETTINGS),
        ("catalogue/__init__.py", ""),
        ("catalogue/models.py", ""),
        ("catalogue/migrations/__init__.py", ""),
    ] {
        sandbox.write(path, text);
    }
    let table = "CreateModel(\"Product\", [(\"id\", models.BigAutoField(primary_key=True)), \
                 (\"brand\", models.CharField(max_length=40, null=True))])";
    migration(&sandbox, "0001_initial", None, table);
    sandbox
}

/// Adds a migration of one operation.
fn migration(sandbox: &Sandbox, name: &str, after: Option<&str>, operation: &str) {
    let after = after.map_or_else(String::new, |name| format!("(\"catalogue\", \"{name}\")"));
    let text = format!(
        "from django.db import migrations, models\n\n\n\
         class Migration(migrations.Migration):\n    dependencies = [{after}]\n    \
         operations = [migrations.{operation}]\n"
    );
    sandbox.write(&format!("catalogue/migrations/{name}.py"), &text);
}

fn deploy(sandbox: &Sandbox) -> String {
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["deploy", "testing", "--yes", "--json"]);
    deployed(&told.json())
}

fn columns(sandbox: &Sandbox) -> String {
    let sql = "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) \
               FROM information_schema.columns WHERE table_name = 'catalogue_product'";
    say(sandbox, sql)
}

/// A session that reads the table and does not end; it lets go when it is dropped.
struct Reader(Child);

impl Reader {
    fn of(sandbox: &Sandbox) -> Self {
        let mut child = Command::new("docker")
            .args(["exec", "--interactive", &container(sandbox)])
            .args(["psql", "--username", "shop", "-q"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the Docker CLI");
        let begin = b"BEGIN; LOCK TABLE catalogue_product IN ACCESS SHARE MODE;\n";
        let input = child.stdin.as_mut().expect("a stream");
        input.write_all(begin).expect("it reads");
        let reader = Self(child);
        let held = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessShareLock' \
                    AND relation = 'catalogue_product'::regclass";
        wait_until("the table to be read", || {
            (say(sandbox, held) == "1").then_some(())
        });
        reader
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // At its end `psql` goes, and the server takes everything back.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A script of the database's image, which ends when it is told to.
const SLOW: &str = "    configs: [{ source: slow, target: /docker-entrypoint-initdb.d/slow.sh }]

configs:
  slow: { content: \"until [ -e /tmp/go ]; do sleep 0.1; done\" }

volumes:
";

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_database_that_its_image_still_makes_is_waited_for() {
    let sandbox = shop();
    sandbox.replace("docker-compose.yml", "\nvolumes:\n", SLOW);
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start_as("alice", ["deploy", "testing", "--yes", "--events"]);
    running.wait_for_output("the database is still being made");
    docker(&["exec", &container(&sandbox), "touch", "/tmp/go"]);
    running.finish().expect_code(0);
    assert_eq!(columns(&sandbox), "id brand");
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn what_could_not_be_dropped_goes_with_a_later_release_once_nobody_reads() {
    let sandbox = shop();
    let first = deploy(&sandbox);
    assert_eq!(sandbox.answering("testing"), first);
    assert_eq!(columns(&sandbox), "id brand");

    // The old release is gone by then, and the new one stays.
    let drop_column = "RemoveField(\"product\", \"brand\")";
    migration(&sandbox, "0002_no_brand", Some("0001_initial"), drop_column);
    let reader = Reader::of(&sandbox);
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["deploy", "testing", "--yes"]);
    told.expect_told(&["is live in testing", "another session held a lock"]);
    assert_eq!(columns(&sandbox), "id brand");

    // The next release brings more of them, and waits for the reader.
    let add = "AddField(\"product\", \"size\", models.IntegerField(null=True))";
    migration(&sandbox, "0003_size", Some("0002_no_brand"), add);
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start(["deploy", "testing", "--yes"]);
    running.wait_for_output("trying again");
    drop(reader);
    let _ = running.finish().expect_code(0);
    assert_eq!(columns(&sandbox), "id size");
    let leaf = "SELECT name FROM django_migrations ORDER BY id DESC LIMIT 1";
    assert_eq!(say(&sandbox, leaf), "0003_size");
    // Its tasks are gone.
    let names = docker(&["ps", "--all", "--format", "{{.Names}}"]);
    let left = names
        .lines()
        .filter(|name| name.starts_with(sandbox.project_name()) && name.contains("migrate"));
    assert_eq!(left.count(), 0, "{names}");
}
