//! Environments on another host: a second engine of this machine, behind an ssh server of the
//! test's own.

use shipway_testkit::{
    Behaviour, Environment, Sandbox, SecondEngine, SshServer, Traffic, docker, wait_until,
};

use crate::common::{PROGRAM, deployed};

/// A host with an engine, and a project that has an environment there.
struct World {
    sandbox: Sandbox,
    // In this order, so that what runs there is gone before the way to it is.
    server: SshServer,
    engine: SecondEngine,
}

impl World {
    /// With an environment `testing` there, and others.
    fn new(others: impl IntoIterator<Item = Environment>) -> Self {
        let engine = SecondEngine::start();
        let server = SshServer::before(&engine);
        let there = Environment::new("testing").with("host", &server.host());
        let environments = others.into_iter().chain([there]);
        let sandbox = Sandbox::with_containers(PROGRAM, environments);
        sandbox.set_variable("PATH", &server.path());
        Self {
            sandbox,
            server,
            engine,
        }
    }

    /// The containers there, by their names.
    fn containers(&self) -> Vec<String> {
        let names = self
            .engine
            .docker(&["ps", "--all", "--format", "{{.Names}}"]);
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    }
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_release_is_deployed_replaced_and_taken_back_on_another_host() {
    let world = World::new([]);
    let sandbox = &world.sandbox;
    let first = sandbox.run_well(["deploy", "testing"]);
    first.expect_told(&["no registry: carrying 1 images", "✓"]);
    assert_eq!(sandbox.containers(), Vec::<String>::new());
    let there = world.containers();
    let web = format!("{}-testing-blue-web-1", sandbox.project_name());
    assert_eq!(there, [web, "shipway-proxy".to_owned()]);
    sandbox.run_well(["plan", "testing", "--exit-code"]);

    let old = sandbox.answering("testing");
    let traffic = Traffic::start(sandbox, "testing");
    for _ in 0..3 {
        sandbox.release(Behaviour::Good);
        let new = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
        assert_eq!(sandbox.answering("testing"), new);
    }
    let rollback = sandbox.run_well(["rollback", "testing", "--yes"]);
    rollback.expect_told(&["✓"]);
    let observed = traffic.stop(sandbox, "testing");
    println!("over ssh: {observed}");
    observed.assert_flawless();

    let good = sandbox.answering("testing");
    assert_ne!(good, old);
    sandbox.release(Behaviour::FailingAfter(20));
    let traffic = Traffic::start(sandbox, "testing");
    sandbox.run(["deploy", "testing"]).expect_code(7);
    // The requests of both have the same numbers, so only the first are counted.
    let observed = traffic.stop(sandbox, "testing");
    println!("taken back: {observed}");
    assert_eq!(observed.lost, 0, "{observed}");
    assert_eq!(sandbox.answering("testing"), good);
    operates(sandbox);

    sandbox.run_well(["down", "testing", "--confirm", "testing"]);
    assert_eq!(world.containers(), ["shipway-proxy"]);
}

/// What an operator does beside deployments.
fn operates(sandbox: &Sandbox) {
    sandbox.run_well(["scale", "testing", "web=2"]);
    let status = sandbox.status("testing");
    assert_eq!(status["instances"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["instances"][1]["healthy"], true, "{status:#}");
    let told = sandbox.run_well(["run", "testing", "--", "echo", "from there"]);
    assert!(told.stdout.contains("from there"), "{told}");
    let words = [
        "exec",
        "testing",
        "web-2",
        "--",
        "printenv",
        "SHIPWAY_INSTANCE",
    ];
    let told = sandbox.run_well(words);
    assert!(told.stdout.contains("web-2"), "{told}");
    let _ = sandbox.run_well(["logs", "testing"]);
    let told = sandbox.run_well(["status", "testing", "--resources"]);
    assert!(told.stdout.contains("web-1"), "{told}");
    let told = sandbox.run_well(["proxy", "status", "--of", "testing"]);
    assert!(told.stdout.contains("\"testing\""), "{told}");
    let refused = sandbox.run(["up", "testing"]).expect_code(4);
    refused.expect_told(&["this machine"]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_release_is_promoted_from_this_host_to_another() {
    let here = Environment::new("staging").without("branches");
    let world = World::new([here]);
    let sandbox = &world.sandbox;
    let there = Environment::promoted_from("testing", "staging").with("host", &world.server.host());
    sandbox.add(there);
    sandbox.commit("promoted");
    let release = deployed(
        &sandbox
            .run_well(["deploy", "staging", "--yes", "--json"])
            .json(),
    );
    let promoted = sandbox.run_well(["promote", "testing", "--yes"]);
    promoted.expect_told(&["carrying 1 images", "MB"]);
    assert_eq!(sandbox.answering("staging"), release);
    assert_eq!(sandbox.answering("testing"), release);
    let id = |containers: String| containers.trim().to_owned();
    let name = |environment: &str| {
        let project = sandbox.project_name();
        format!("{project}-{environment}-blue-web-1")
    };
    let format = "{{.Image}}";
    assert_eq!(
        id(docker(&["inspect", "--format", format, &name("staging")])),
        id(world
            .engine
            .docker(&["inspect", "--format", format, &name("testing")])),
    );
    // It is there now.
    sandbox.run_well(["promote", "testing", "--yes", "--force"]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_deployment_goes_on_when_the_way_there_is_back() {
    let mut world = World::new([]);
    let old = deployed(
        &world
            .sandbox
            .run_well(["deploy", "testing", "--json"])
            .json(),
    );
    let traffic = Traffic::start(&world.sandbox, "testing");
    world.sandbox.release(Behaviour::Good);
    let running = world.sandbox.start(["deploy", "testing", "--events"]);
    wait_until("the start", || {
        (running.stdout().matches(r#""entry":"intent""#).count() >= 4).then_some(())
    });
    world.server.cut();
    traffic.flow();
    running.kill();
    assert_eq!(world.sandbox.answering("testing"), old);
    // What is recorded is told all the same.
    let status = world.sandbox.run(["status"]).expect_code(1);
    assert!(status.stdout.contains("it does not answer"), "{status}");
    assert!(status.stdout.contains(&old), "{status}");
    let lost = world.sandbox.run(["resume", "testing"]).expect_code(1);
    lost.expect_told(&["it does not answer"]);
    world.server.start_again();
    world
        .sandbox
        .run_well(["resume", "testing"])
        .expect_told(&["✓"]);
    assert_ne!(world.sandbox.answering("testing"), old);
    assert_eq!(world.containers().len(), 2, "{:?}", world.containers());
    let observed = traffic.stop(&world.sandbox, "testing");
    println!("ssh was cut: {observed}");
    observed.assert_flawless();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_secret_stands_on_the_other_host_for_its_service_alone() {
    let world = World::new([]);
    let sandbox = &world.sandbox;
    let container = r#"command: [sh, -c, 'GREETING="$$(cat /run/secrets/greeting)" exec python3 -B app.py']
    secrets: [greeting]
    volumes: ["data:/data"]"#;
    sandbox.replace("docker-compose.yml", "volumes: [\"data:/data\"]", container);
    let definition = "\nsecrets: { greeting: { external: true } }\n\nvolumes:";
    sandbox.replace("docker-compose.yml", "\nvolumes:", definition);
    sandbox.commit("a secret");
    let _ = sandbox.run_reading(
        "hunter2-of-there",
        ["secrets", "set", "testing", "greeting"],
    );
    sandbox.run_well(["deploy", "testing"]);
    let answer = sandbox.get("testing", "/").expect("it answers");
    assert!(answer.body.contains("hunter2-of-there"), "{answer:?}");
    let web = format!("{}-testing-blue-web-1", sandbox.project_name());
    let inspected = world.engine.docker(&["inspect", &web]);
    assert!(!inspected.contains("hunter2"), "{inspected}");
    let volumes = || world.engine.docker(&["volume", "ls", "--quiet"]);
    assert!(volumes().contains("-blue_files_d1"), "{}", volumes());
    // It goes with the last container that reads it.
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    assert!(!volumes().contains("_files_d1\n"), "{}", volumes());
    assert!(volumes().contains("_files_d2"), "{}", volumes());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn what_keeps_ssh_from_getting_there_is_told_with_the_way_out() {
    let mut world = World::new([]);
    let deploy = |world: &World| world.sandbox.run(["deploy", "testing"]);
    world.server.forget();
    deploy(&world).expect_told(&["host key is not known", "once shows it and asks"]);
    world.server.introduce();
    world.server.lock_out();
    deploy(&world).expect_told(&["does not take the key", "authorized_keys"]);
    world.server.introduce();
    world.engine.kill();
    deploy(&world).expect_told(&["its engine does not run"]);
    world.engine.start_again();
    world.server.cut();
    deploy(&world).expect_told(&["it does not answer"]);
    let doctor = world.sandbox.run(["doctor"]).expect_code(1);
    assert!(doctor.stdout.contains("it does not answer"), "{doctor}");
    world.server.start_again();
    world.sandbox.run_well(["deploy", "testing"]);
    let doctor = world.sandbox.run_well(["doctor"]);
    assert!(doctor.stdout.contains("runs at `ssh://"), "{doctor}");
    // What runs there is not ended from here.
    world.sandbox.add(Environment::new("testing"));
    let moved = world
        .sandbox
        .run(["down", "testing", "--confirm", "testing"]);
    moved.expect_code(4).expect_told(&["names another host"]);
}
