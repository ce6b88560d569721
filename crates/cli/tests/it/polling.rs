//! Pushes to a git server that cannot call the daemon.

use std::net::TcpListener;

use shipway_testkit::{Daemon, wait_until};

use crate::common::{assert_live, sandbox, text};

#[test]
fn what_moves_in_the_remote_is_deployed_and_a_remote_that_hangs_is_given_up() {
    let sandbox = sandbox();
    let remote = sandbox.root().join("remote.git");
    let remote = remote.to_str().unwrap();
    sandbox.git(&["clone", "--quiet", "--bare", ".", remote]);
    sandbox.git(&["remote", "add", "origin", remote]);
    let daemon = Daemon::start(&sandbox, ["--poll", "1s"]);
    let wait_for_log = |wanted: &str| {
        wait_until(wanted, || daemon.log().contains(wanted).then_some(()));
    };
    // What stands there already is nobody's push.
    wait_for_log("polling begins here");
    let laptop = sandbox.root().join("laptop");
    let here = laptop.to_str().unwrap();
    sandbox.git(&["clone", "--quiet", remote, here]);
    std::fs::write(laptop.join("version"), "two").unwrap();
    sandbox.git(&["-C", here, "commit", "--quiet", "--all", "-m", "two"]);
    sandbox.git(&[
        "-C",
        here,
        "push",
        "--quiet",
        "origin",
        "HEAD:main",
        "HEAD:other",
    ]);
    let request = wait_until("the push to be deployed", || {
        let request = daemon.get("/v1/requests")["requests"][0].clone();
        (request["state"] == "ended").then_some(request)
    });
    assert_eq!(text(&request, "/end/outcome"), "succeeded", "{request:#}");
    assert_eq!(text(&request, "/branch"), "main");
    let release = sandbox.answering("testing");

    // It accepts connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("git://{}/app.git", silent.local_addr().unwrap());
    sandbox.git(&["remote", "set-url", "origin", &address]);
    wait_for_log("there was no answer in 5 s");
    sandbox.git(&["remote", "set-url", "origin", remote]);
    sandbox.git(&["-C", here, "push", "--quiet", "origin", ":other"]);
    wait_for_log("Nothing(Deleted)");
    assert_eq!(
        daemon.get("/v1/requests")["requests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "testing", &release);
}
