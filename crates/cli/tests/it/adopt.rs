//! A Compose project that runs already is taken over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use shipway_testkit::{Behaviour, Environment, Sandbox, Traffic, docker};

use crate::common::{PROGRAM, deployed, text};

const FILE: &str = "\
services:
  web:
    build: .
    init: true
    environment: { DATA: /data, BIND: 0.0.0.0, PORT: '8000' }
    volumes: ['data:/data']
    stop_grace_period: 5s
    depends_on: [db]
    ports: ['127.0.0.1:PORT:8000']
  worker:
    image: python:3.13-slim
    init: true
    command: [sleep, infinity]
    restart: always
  db:
    image: python:3.13-slim
    init: true
    command: [sh, -c, 'echo started >>/db/log; exec sleep infinity']
    volumes: ['db:/db']

volumes:
  data: {}
  db: {}
";

/// A project that runs under plain Docker Compose, answering where the environment is to.
struct Older {
    sandbox: Sandbox,
    db: String,
    web: String,
}

impl Older {
    fn run() -> Self {
        let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
        let port = sandbox.port("testing").to_string();
        sandbox.write(
            "docker-compose.yml",
            &FILE.replace("PORT:8000", &format!("{port}:8000")),
        );
        sandbox.write(
            "older.yml",
            "services: { web: { environment: { RELEASE: older } } }\n",
        );
        let older = sandbox.older_project();
        sandbox.compose(&[
            "-p",
            &older,
            "-f",
            "docker-compose.yml",
            "-f",
            "older.yml",
            "up",
            "--detach",
            "--build",
            "--quiet-pull",
        ]);
        let is_older = || {
            sandbox
                .get("testing", "/")
                .ok()
                .filter(|it| it.release == "older")
        };
        shipway_testkit::wait_until("the older project to answer", is_older);
        let older = Self {
            db: id(&format!("{older}-db-1")),
            web: id(&format!("{older}-web-1")),
            sandbox,
        };
        older.roles();
        older
    }

    /// Writes what the services are; a change of an environment writes the file anew.
    fn roles(&self) {
        let roles = "services:\n  worker: { role: worker }\n  db: { role: stateful }\n";
        self.sandbox.replace("shipway.yml", "services:\n", roles);
    }

    fn adopt(&self) {
        let name = self.sandbox.older_project();
        self.sandbox
            .add(Environment::new("testing").with("adopt", &name));
        self.roles();
        self.sandbox.release(Behaviour::Good);
    }

    /// Checks that everything is as it was before anybody took anything over.
    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(self.sandbox.answering("testing"), "older");
        for container in ["db", "web", "worker"] {
            let name = format!("{}-{container}-1", self.sandbox.older_project());
            assert_eq!(inspect(&name, "{{.State.Running}}"), "true", "{name}");
        }
        assert_eq!(
            id(&format!("{}-web-1", self.sandbox.older_project())),
            self.web
        );
        let worker = format!("{}-worker-1", self.sandbox.older_project());
        assert_eq!(
            inspect(&worker, "{{.HostConfig.RestartPolicy.Name}}"),
            "always"
        );
        assert_eq!(self.sandbox.containers(), [""; 0]);
        self.assert_data();
    }

    /// Checks that the database is the very container that it was, never restarted.
    #[track_caller]
    fn assert_data(&self) {
        assert_eq!(
            id(&format!("{}-db-1", self.sandbox.older_project())),
            self.db
        );
        assert_eq!(docker(&["exec", &self.db, "cat", "/db/log"]), "started\n");
    }
}

fn inspect(container: &str, format: &str) -> String {
    let found = docker(&["inspect", "--format", format, container]);
    found.trim().to_owned()
}

fn id(container: &str) -> String {
    inspect(container, "{{.Id}}")
}

/// How long nobody answers while something else goes on.
struct Gap {
    is_over: Arc<AtomicBool>,
    longest: std::thread::JoinHandle<Duration>,
}

impl Gap {
    fn watch(sandbox: &Sandbox) -> Self {
        let port = sandbox.port("testing");
        let is_over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&is_over);
        let longest = std::thread::spawn(move || {
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            while !end.load(Ordering::Relaxed) {
                let answer = shipway_testkit::get(port, "localhost", "/");
                if answer.is_ok_and(|answer| answer.status == 200) {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            longest.max(last.elapsed())
        });
        Self { is_over, longest }
    }

    fn end(self) -> Duration {
        self.is_over.store(true, Ordering::Relaxed);
        self.longest.join().expect("the watch ends")
    }
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_running_project_is_adopted_with_its_data() {
    let older = Older::run();
    let sandbox = &older.sandbox;
    let name = sandbox.older_project();
    sandbox.commit("roles");
    // Nothing is adopted that nobody asked for.
    let hint = format!("set `adopt: {name}`");
    sandbox
        .run_well(["validate", "testing"])
        .expect_told(&[&hint]);
    let planned = sandbox.run_well(["plan", "testing"]).stdout;
    assert!(planned.contains(&hint), "{planned}");

    older.adopt();
    let planned = sandbox.run_well(["plan", "testing"]).stdout;
    for told in [
        format!("`{name}-db-1` of `{name}` is kept as it is"),
        format!("with {name}_db"),
        format!("`{name}-worker-1` of `{name}` is stopped"),
        "`web` gives up 127.0.0.1:".to_owned(),
    ] {
        assert!(planned.contains(&told), "{told:?} in {planned}");
    }
    older.assert_untouched();

    let gap = Gap::watch(sandbox);
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let gap = gap.end();
    println!("nobody answered for {} ms", gap.as_millis());
    // A fraction of a second on a machine that has nothing else to do.
    assert!(gap < Duration::from_secs(10), "{gap:?}");
    older.assert_data();
    assert_eq!(sandbox.answering("testing"), first);
    assert_eq!(sandbox.containers().len(), 2, "{:?}", sandbox.containers());
    for replaced in ["web", "worker"] {
        let container = format!("{name}-{replaced}-1");
        assert_eq!(inspect(&container, "{{.State.Status}}"), "exited");
        assert_eq!(
            inspect(&container, "{{.HostConfig.RestartPolicy.Name}}"),
            "no"
        );
    }
    assert_finds_its_database(sandbox, &older.db);

    // From here on it is a deployment as any other.
    let traffic = Traffic::start(sandbox, "testing");
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    traffic.flow();
    traffic.stop(sandbox, "testing").assert_flawless();
    older.assert_data();
    assert_finds_its_database(sandbox, &older.db);

    // The volumes go by the project's name: forgetting it would lose them.
    sandbox.add(Environment::new("testing"));
    older.roles();
    sandbox.release(Behaviour::Good);
    let told = [
        &*format!("adopted the Compose project `{name}`"),
        &*format!("`adopt: {name}`"),
    ];
    sandbox
        .run(["deploy", "testing"])
        .expect_code(2)
        .expect_told(&told);
}

/// Checks that the live release resolves `db` to the database, and has the older volume.
#[track_caller]
fn assert_finds_its_database(sandbox: &Sandbox, db: &str) {
    let status = sandbox.status("testing");
    let colour = text(&status, "/live/colour");
    let containers = sandbox.containers();
    let is_web = |name: &&String| name.ends_with(&format!("-{colour}-web-1"));
    let web = containers.iter().find(is_web).expect("the web runs");
    let resolved = docker(&[
        "exec",
        web,
        "python3",
        "-c",
        "import socket; print(socket.gethostbyname('db'))",
    ]);
    let networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    let addresses = inspect(db, networks);
    let is_its = |address: &str| address == resolved.trim();
    assert!(
        addresses.split(' ').any(is_its),
        "{resolved} of {addresses}"
    );
    let volume = inspect(web, "{{range .Mounts}}{{.Name}}{{end}}");
    assert_eq!(volume, format!("{}_data", sandbox.older_project()));
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_release_that_is_not_fit_leaves_the_running_project_as_it_was() {
    let older = Older::run();
    older.adopt();
    let sandbox = &older.sandbox;
    sandbox.release(Behaviour::NeverHealthy);
    let health = "{ path: /health/, interval: 100ms, healthy_for: 100ms, deadline: 3s }";
    let name = sandbox.older_project();
    let environment = Environment::new("testing").with("adopt", &name);
    sandbox.add(environment.clone().with("health", health));
    older.roles();
    let gap = Gap::watch(sandbox);
    sandbox.run(["deploy", "testing"]).expect_code(3);
    println!("nobody answered for {} ms", gap.end().as_millis());
    older.assert_untouched();

    // After the switch: the proxy gives the address back.
    sandbox.add(environment.with(
        "bake",
        "{ duration: 30s, interval: 100ms, min_requests: 20, max_latency_ratio: 1000, latency_floor: 30s }",
    ));
    older.roles();
    sandbox.release(Behaviour::FailingAfter(5));
    let gap = Gap::watch(sandbox);
    sandbox.run(["deploy", "testing"]).expect_code(3);
    println!("nobody answered well for {} ms", gap.end().as_millis());
    older.assert_untouched();

    sandbox.release(Behaviour::Good);
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(sandbox.answering("testing"), good);
    older.assert_data();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_takeover_whose_command_was_killed_is_finished() {
    let older = Older::run();
    older.adopt();
    let sandbox = &older.sandbox;
    // While containers start, before the address is given up, before it is routed, after it.
    for step in [4, 6, 7, 8] {
        let running = sandbox.start(["deploy", "testing", "--events"]);
        shipway_testkit::wait_until(&format!("step {step}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        running.kill();
        older.assert_data();
        if step < 6 {
            // It had touched nothing: the older project is as it was.
            assert_eq!(sandbox.answering("testing"), "older");
        }
    }
    sandbox.run_well(["resume", "testing"]);
    let live = text(&sandbox.status("testing"), "/live/release").to_owned();
    assert_eq!(sandbox.answering("testing"), live);
    older.assert_data();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn what_is_not_there_cannot_be_adopted() {
    let sandbox = Sandbox::with_containers(
        PROGRAM,
        [Environment::new("testing").with("adopt", "no-such-project")],
    );
    let told = ["no container of it is here", "docker compose ls"];
    sandbox
        .run(["plan", "testing"])
        .expect_code(2)
        .expect_told(&told);
}
