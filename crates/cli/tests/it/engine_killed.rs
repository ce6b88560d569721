//! The engine is killed in the middle of a deployment and started again.

use shipway_testkit::{Behaviour, Environment, Sandbox, SecondEngine, Traffic};

use crate::common::{PROGRAM, deployed, text};

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_deployment_goes_on_when_the_engine_is_back() {
    let mut engine = SecondEngine::start();
    engine.copy("python:3.13-slim");
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.set_variable("DOCKER_HOST", &engine.host());
    let mut live = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let traffic = Traffic::start(&sandbox, "testing");
    // While containers start, while they are awaited, while they are judged, while old ones stop.
    for step in [4, 5, 7, 10] {
        sandbox.release(Behaviour::Good);
        let running = sandbox.start(["deploy", "testing", "--events"]);
        shipway_testkit::wait_until(&format!("step {step}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        engine.kill();
        // The containers go on, and with them what is routed.
        traffic.flow();
        engine.start_again();
        // What failed for want of an engine says nothing of the release.
        running.finish().expect_code(0);
        let new = text(&sandbox.history()[0], "/release").to_owned();
        assert_ne!(new, live, "step {step}");
        live = new;
        let names = engine.docker(&["ps", "--all", "--format", "{{.Names}}"]);
        assert_eq!(names.lines().count(), 1, "step {step}: {names}");
        assert_eq!(sandbox.answering("testing"), live);
    }
    let observed = traffic.stop(&sandbox, "testing");
    println!("{observed}");
    observed.assert_flawless();
}
