//! The command is killed in the middle of a deployment, which then goes on or back: old or new,
//! whole.

use shipway_testkit::{Behaviour, Environment, Observed, Running, Sandbox, Traffic};

use crate::common::{assert_live, deployed, sandbox_with, text};

/// Starts a deployment of a new release and kills it once it is about to take a step.
///
/// Steps are told by their place among those of the journal, so that every one has its turn; a
/// short one may be over by the time of the kill.
fn kill_at(sandbox: &Sandbox, step: usize) {
    let mut running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&mut running, step);
    running.kill();
}

fn wait_for_step(running: &mut Running, step: usize) {
    shipway_testkit::wait_until(&format!("step {step}"), || {
        let told = running.stdout();
        (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
    });
}

/// How many steps a deployment of the sandbox has.
fn steps(sandbox: &Sandbox) -> usize {
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let shown = sandbox.show(text(&told, "/deployment"));
    shown["plan"]["steps"].as_array().expect("a list").len()
}

/// The release that is live, after checking that everything agrees on it.
fn live(sandbox: &Sandbox) -> String {
    let release = text(&sandbox.status("testing"), "/live/release").to_owned();
    assert_live(sandbox, "testing", &release);
    release
}

/// What is killed.
struct Case {
    strategy: &'static str,
    replicas: u32,
    /// The first step to kill at; those before it are the same with all strategies.
    first: usize,
    /// Whether the old release answers until the new one does.
    always_answers: bool,
}

/// Kills at each step, and resumes.
fn kill_everywhere_and_resume(case: &Case) -> Observed {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", case.strategy)]);
    let scale = format!("image: app\n    scale: {}", case.replicas);
    sandbox.replace("docker-compose.yml", "image: app", &scale);
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    let traffic = Traffic::start(&sandbox, "testing");
    for step in case.first..=steps(&sandbox) {
        let old = live(&sandbox);
        sandbox.release(Behaviour::Good);
        kill_at(&sandbox, step);
        if case.always_answers {
            traffic.flow();
        }
        let status = sandbox.status("testing");
        if status["deployment"].is_null() {
            // It was faster.
            assert_ne!(live(&sandbox), old, "step {step}");
            continue;
        }
        assert!(status["deployment"]["holder"].is_null(), "{status:#}");
        assert_eq!(text(&status, "/next"), "shipway resume testing");
        let told = sandbox.run_well(["resume", "testing", "--json"]).json();
        let new = deployed(&told);
        assert_ne!(new, old, "step {step}");
        assert_eq!(live(&sandbox), new, "step {step}");
    }
    traffic.stop(&sandbox, "testing")
}

#[test]
fn blue_green_is_resumed_wherever_it_was_killed() {
    let observed = kill_everywhere_and_resume(&Case {
        strategy: "blue-green",
        replicas: 1,
        first: 1,
        always_answers: true,
    });
    println!("{observed}");
    observed.assert_flawless();
}

#[test]
fn rolling_is_resumed_wherever_it_was_killed() {
    let observed = kill_everywhere_and_resume(&Case {
        strategy: "rolling",
        replicas: 2,
        first: 4,
        always_answers: true,
    });
    println!("{observed}");
    observed.assert_flawless();
}

#[test]
fn recreate_is_resumed_wherever_it_was_killed() {
    let observed = kill_everywhere_and_resume(&Case {
        strategy: "recreate",
        replicas: 1,
        first: 4,
        always_answers: false,
    });
    println!("{observed}");
    observed.assert_flawless();
}

#[test]
fn the_next_deployment_cleans_up_wherever_the_one_before_was_killed() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    let steps = steps(&sandbox);
    for step in 1..=steps {
        sandbox.release(Behaviour::Good);
        kill_at(&sandbox, step);
        sandbox.release(Behaviour::Good);
        let new = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
        assert_eq!(live(&sandbox), new, "step {step}");
        let history = sandbox.history();
        let outcome = text(&history[1], "/outcome");
        // What had touched nothing makes room; what had is finished first.
        assert!(
            ["superseded", "succeeded"].contains(&outcome),
            "{history:#?}"
        );
        assert!(step > 1 || outcome == "superseded", "{history:#?}");
    }
    assert_eq!(sandbox.history().len(), 2 + 2 * steps);
    let observed = traffic.stop(&sandbox, "testing");
    println!("{observed}");
    observed.assert_flawless();
}

#[test]
fn going_back_is_resumed_wherever_it_was_killed() {
    let bake = "{ duration: 50s, interval: 100ms, min_requests: 20, max_latency_ratio: 1000, latency_floor: 30s }";
    let sandbox = sandbox_with([Environment::new("testing")]);
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let good = deployed(&told);
    let traffic = Traffic::start(&sandbox, "testing");
    let ahead = steps(&sandbox);
    let good_again = live(&sandbox);
    assert_ne!(good, good_again);
    sandbox.add(Environment::new("testing").with("bake", bake));
    // Up to and with the bake; from there it goes back in six steps.
    let bake_at = ahead - 3;
    for back in 1..=6 {
        sandbox.release(Behaviour::FailingAfter(50));
        kill_at(&sandbox, bake_at + back);
        let status = sandbox.status("testing");
        if !status["deployment"].is_null() {
            assert_eq!(
                text(&status, "/deployment/state"),
                "rolling back",
                "{status:#}"
            );
            let told = sandbox
                .run(["resume", "testing", "--json"])
                .expect_code(7)
                .json();
            assert_eq!(text(&told, "/outcome"), "rolled_back");
        }
        assert_eq!(live(&sandbox), good_again, "step {back}");
    }
    let observed = traffic.stop(&sandbox, "testing");
    println!("{observed}");
    assert!(observed.errors > 0, "{observed}");
    observed.assert_nothing_lost();
}

#[test]
fn a_second_crash_changes_nothing() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::Good);
    kill_at(&sandbox, 1);
    let mut killed = 0;
    let new = loop {
        let mut running = sandbox.start(["resume", "testing", "--events"]);
        // Each gets one step further.
        shipway_testkit::wait_until("one more step", || {
            let told = running.stdout();
            let intents = told.matches(r#""entry":"intent""#).count();
            (intents >= 2 || told.contains(r#""entry":"finished""#)).then_some(())
        });
        if running.stdout().contains(r#""entry":"finished""#) {
            running.wait_for_output("finished");
            running.finish().expect_code(0);
            break live(&sandbox);
        }
        running.kill();
        if sandbox.status("testing")["deployment"].is_null() {
            break live(&sandbox);
        }
        killed += 1;
    };
    assert!(killed >= 3, "killed only {killed} times");
    assert_eq!(text(&sandbox.history()[0], "/release"), new);
    assert_eq!(sandbox.history().len(), 2);
    traffic.stop(&sandbox, "testing").assert_flawless();
}

#[test]
fn a_first_deployment_that_was_killed_is_resumed() {
    for step in [3, 5] {
        let sandbox = sandbox_with([Environment::new("testing")]);
        kill_at(&sandbox, step);
        let told = sandbox.run_well(["resume", "testing", "--json"]).json();
        assert_eq!(live(&sandbox), deployed(&told));
    }
}

#[test]
fn there_is_nothing_to_resume_where_nothing_was_interrupted() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    let told = ["nothing was interrupted in testing"];
    sandbox.run_well(["resume", "testing"]).expect_told(&told);
}
