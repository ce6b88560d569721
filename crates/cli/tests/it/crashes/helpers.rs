//! Supervisors and the proxy are killed at every point of each of their own writes.

use std::path::Path;

use shipway_testkit::{Behaviour, Environment, Sandbox, wait_until};

use super::{assert_no_stray_files, points, repeat};
use crate::common::{assert_live, deployed, sandbox_with, text};

/// A few points of supervisors, in as much time as a test may take.
const SUPERVISORS_STRIDE: u64 = 4;

/// A deployment has the proxy write once, so there are not many.
const PROXY_STRIDE: u64 = 2;

/// Whether a file below a folder holds these words, such as a log wherever it went.
fn says(folder: &Path, words: &str) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return says(&path, words);
        }
        std::fs::read(&path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(words))
    })
}

#[test]
fn supervisors_are_killed_at_their_writes() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let (mut kills, mut failed) = (0, 0);
    for point in points(1, SUPERVISORS_STRIDE) {
        let _repeat = repeat("supervisors_are_killed_at_their_writes", point, false);
        let words = format!("dies at point {point}: ");
        let has_died = || {
            ["run", "logs"]
                .iter()
                .any(|it| says(&sandbox.state().join(it), &words))
        };
        let before = sandbox.status("testing")["live"]["release"].clone();
        sandbox.release(Behaviour::Good);
        let ended = sandbox.run_with_dying_supervisors(point, &["deploy", "testing"]);
        let mut died = has_died();
        // It was made by then, or it was not: nothing stands in between.
        if ended.code != Some(0) {
            failed += 1;
            assert!(died, "point {point}: {ended}");
            let status = sandbox.status("testing");
            assert_eq!(
                status["live"]["release"], before,
                "point {point}: {status:#}"
            );
            assert_eq!(
                sandbox.answering("testing"),
                before.as_str().unwrap_or_default()
            );
        }
        sandbox.release(Behaviour::Good);
        let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
        died |= has_died();
        assert_live(&sandbox, "testing", &release);
        assert_no_stray_files(&sandbox, &words);
        if !died {
            println!("{kills} kills of supervisors, {failed} deployments failed of them");
            assert!(kills > 0, "nobody was killed");
            return;
        }
        kills += 1;
    }
    panic!("it does not end by itself");
}

#[test]
fn the_proxy_is_killed_at_its_writes() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    for (kills, point) in points(1, PROXY_STRIDE).enumerate() {
        let _repeat = repeat("the_proxy_is_killed_at_its_writes", point, false);
        stop_proxy(&sandbox);
        let mut proxy = sandbox.start_dying(point, &["proxy"]);
        wait_until("the proxy to answer or to die", || {
            (proxy.has_ended() || sandbox.get("testing", "/").is_ok()).then_some(())
        });
        sandbox.release(Behaviour::Good);
        let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
        assert_live(&sandbox, "testing", &release);
        let status = sandbox.status("testing");
        assert_eq!(
            text(&status, "/routed"),
            "live",
            "point {point}: {status:#}"
        );
        if !proxy.has_ended() {
            stop_proxy(&sandbox);
            proxy.finish().expect_code(0);
            println!("{kills} kills of the proxy");
            assert!(kills > 0, "nobody was killed");
            return;
        }
        assert_eq!(proxy.finish().signal, Some(9), "point {point}");
    }
    panic!("it does not end by itself");
}

fn stop_proxy(sandbox: &Sandbox) {
    sandbox.run_well(["proxy", "stop"]);
    wait_until("the proxy to be gone", || {
        (sandbox.run(["proxy", "status"]).code != Some(0)).then_some(())
    });
}
