//! The proxy itself is replaced, restarted and killed, under load.

use shipway_loadtest::Cause;
use shipway_testkit::{Behaviour, Mix, Observed, Sandbox, Traffic, wait_until};

use crate::campaign::{Memory, Progress, Repeat, asked};
use crate::common::{assert_live, deployed, sandbox, text};

/// How often, from which on, under how many connections, with how large bodies: `cargo xtask prove
/// reloads` asks for more.
const COUNT: &str = "SHIPWAY_RELOADS";
const FIRST: &str = "SHIPWAY_FIRST_RELOAD";
const CONNECTIONS: &str = "SHIPWAY_CONNECTIONS";
const LARGE: &str = "SHIPWAY_LARGE";

fn reload(sandbox: &Sandbox, words: &[&str]) -> u64 {
    let words = [&["proxy"], words, &["reload"]].concat();
    let told = sandbox.start_words("tester", &words).finish();
    told.expect_code(0).json()["pid"]
        .as_u64()
        .expect("a number")
}

fn is_running(sandbox: &Sandbox, pid: u32) -> bool {
    sandbox.processes().iter().any(|one| one.pid == pid)
}

/// How many requests are lost for this reason.
fn lost(observed: &Observed, cause: Cause) -> u64 {
    let failed = &observed.report.total.failed;
    failed.get(&cause).copied().unwrap_or_default()
}

#[test]
fn reloads_under_a_mixed_load_lose_nothing_of_any_client() {
    let count = asked(COUNT, 4);
    let first = asked(FIRST, 0);
    let connections = asked(CONNECTIONS, 64);
    let large = asked(LARGE, 4 << 20);
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::of(&sandbox, "testing", connections);
    let mix = Mix::start(&sandbox, "testing", large);
    let mut pids = vec![u64::from(sandbox.proxy_pid())];
    let (mut progress, mut memory) = (Progress::new(), Memory::of(&sandbox));
    for number in first..first + count {
        let _repeat = Repeat(format!(
            "reloads --first {number} --count 1 --connections {connections} --large {}",
            large >> 20
        ));
        let workers = [&["--workers", "3"][..], &["--workers", "1"], &[]][number % 3];
        let pid = reload(&sandbox, workers);
        assert!(!pids.contains(&pid), "{pid} of {pids:?}");
        pids.push(pid);
        traffic.flow();
        // While the old process still has clients, a release changes: nothing of the old one may
        // be stopped that is in use there.
        if number % 2 == 1 {
            sandbox.release(Behaviour::Good);
            let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
            assert_eq!(sandbox.answering("testing"), deployed(&told));
        }
        traffic.assert_well();
        mix.assert_well();
        progress.tell(|| {
            let (done, memory) = (number + 1 - first, memory.look());
            format!("{done} of {count} reloads, the proxies have {memory}")
        });
    }
    memory.look();
    let mixed = mix.stop();
    let observed = traffic.stop(&sandbox, "testing");
    println!(
        "{count} reloads from the {first}th on, {connections} connections, bodies of {large} bytes\n\
         {mixed}{observed}\n\
         memory: the proxies {memory}"
    );
    mixed.assert_flawless();
    observed.assert_flawless();
    // The old ones have gone with their last clients.
    sandbox.assert_nothing_is_left();
}

#[test]
fn a_program_that_cannot_be_the_proxy_leaves_the_one_that_runs() {
    let sandbox = sandbox();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let before = sandbox.proxy_pid();
    let routes = sandbox.proxy().join("routes.json");
    let good = std::fs::read(&routes).expect("it is there");
    std::fs::write(&routes, "{\"version\": 99, \"routes\": []}").expect("it can be written");
    let _ = std::fs::remove_file(sandbox.proxy().join("routes.json.previous"));
    sandbox
        .run(["proxy", "reload"])
        .expect_code(1)
        .expect_told(&["cannot take over", "it has version 99"]);
    assert_eq!(sandbox.proxy_pid(), before);
    assert_eq!(sandbox.answering("testing"), release);
    std::fs::write(&routes, good).expect("it can be written");
    reload(&sandbox, &[]);
    assert_live(&sandbox, "testing", &release);
    let pid = sandbox.proxy_pid();
    assert_ne!(pid, before);

    sandbox.run_well(["proxy", "stop"]);
    wait_until("the proxy to be gone", || {
        (!is_running(&sandbox, pid)).then_some(())
    });
    let told = ["no proxy is running"];
    sandbox
        .run(["proxy", "reload"])
        .expect_code(1)
        .expect_told(&told);
}

#[test]
fn a_restart_in_good_order_refuses_connections_and_finishes_what_is_in_hand() {
    let sandbox = sandbox();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let connections = 64;
    let traffic = Traffic::of(&sandbox, "testing", connections);
    let pid = sandbox.proxy_pid();
    sandbox.run_well(["proxy", "stop"]);
    wait_until("the old proxy to be gone", || {
        (!is_running(&sandbox, pid)).then_some(())
    });
    let _new = sandbox.start(["proxy"]);
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    let refused = lost(&observed, Cause::Connect);
    // A request that is sent just when its connection is closed as idle.
    let reset = lost(&observed, Cause::Reset);
    println!("{observed}; {refused} found nobody to connect to, {reset} a closed connection");
    assert_eq!(observed.lost, refused + reset, "{observed}");
    assert!(reset <= connections as u64, "{observed}");
    assert_eq!(observed.report.total.streams.broken, 0, "{observed}");
    assert_eq!((observed.errors, observed.repeated), (0, 0), "{observed}");
    assert!(observed.executed >= observed.acknowledged, "{observed}");
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn a_kill_of_the_proxy_loses_what_was_open_and_nothing_else() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let connections = 64;
    let traffic = Traffic::of(&sandbox, "testing", connections);
    let pid = sandbox.proxy_pid();
    shipway_testkit::kill(pid);
    wait_until("the old proxy to be gone", || {
        (!is_running(&sandbox, pid)).then_some(())
    });
    let _new = sandbox.start(["proxy"]);
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    let cut = lost(&observed, Cause::Reset) + lost(&observed, Cause::Truncated);
    let refused = lost(&observed, Cause::Connect);
    println!("{observed}; {cut} were cut, {refused} found nobody to connect to");
    assert_eq!(observed.lost, cut + refused, "{observed}");
    // Each client has one connection: it can have lost one request with it.
    assert!(cut <= connections as u64, "{observed}");
    assert_eq!((observed.errors, observed.repeated), (0, 0), "{observed}");
    assert!(observed.executed >= observed.acknowledged, "{observed}");
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/routed"), "live");
}
