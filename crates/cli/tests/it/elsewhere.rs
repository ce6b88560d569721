//! Commands about a daemon elsewhere: they do the same things, and end with the same codes.

use shipway_testkit::{Call, Certificates, Daemon, Ended, Environment, Sandbox};

use crate::common::{assert_live, sandbox, sandbox_with, text};

/// A person with a token, away from the project.
struct Person<'a> {
    sandbox: &'a Sandbox,
    daemon: &'a Daemon,
    token: String,
}

impl Person<'_> {
    #[track_caller]
    fn run(&self, words: &[&str]) -> Ended {
        self.sandbox.set_variable("SHIPWAY_TOKEN", &self.token);
        let at = self.daemon.address();
        let all = [&["-C", "/", "--server", &at], words].concat();
        self.sandbox.start_words("somebody", &all).finish()
    }

    /// What is told there is what is told where the project is.
    #[track_caller]
    fn assert_told_as_here(&self, words: &[&str]) {
        let there = self.run(words).expect_code(0).json();
        let here = self.sandbox.start_words("tester", words).finish();
        assert_eq!(there, here.expect_code(0).json(), "{words:?}");
    }
}

fn token(sandbox: &Sandbox, name: &str, role: &str) -> String {
    let made = sandbox.run_well(["tokens", "create", name, "--role", role]);
    made.stdout.trim().to_owned()
}

#[test]
fn a_release_goes_to_production_from_elsewhere() {
    let production = Environment::promoted_from("production", "testing")
        .with("policy", "{ approvals: { required: 1, groups: managers } }");
    let sandbox = sandbox_with([Environment::new("testing"), production]);
    let groups = "groups:\n  managers: [anna, ben]\nenvironments:";
    sandbox.replace("shipway.yml", "environments:", groups);
    let tokens = [("anna", "approver"), ("ben", "approver")];
    let [anna, ben] = tokens.map(|(name, role)| token(&sandbox, name, role));
    let daemon = Daemon::start(&sandbox, []);
    let [anna, ben] = [anna, ben].map(|token| Person {
        sandbox: &sandbox,
        daemon: &daemon,
        token,
    });

    let told = anna
        .run(&["deploy", "testing", "--commit", "main"])
        .expect_code(0);
    told.expect_told(&[
        "asked for as q1",
        "switching",
        "testing: q1 became d1, which succeeded",
    ]);
    let release = sandbox.answering("testing");
    let status = anna
        .run(&["status", "testing", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(text(&status, "/0/live/release"), release);
    assert_eq!(text(&status, "/0/routed"), "live");
    let unsaid = anna.run(&["promote", "production"]).expect_code(2);
    unsaid.expect_told(&["add `--confirm production`"]);
    let told = anna
        .run(&["promote", "production", "--confirm", "production"])
        .expect_code(5);
    told.expect_told(&["q2 waits for 1 more approval of managers"]);

    anna.assert_told_as_here(&["requests", "--json"]);
    let own = anna.run(&["approve", "q2", "--yes"]).expect_code(4);
    own.expect_told(&["nobody decides about their own request"]);
    let told = ben.run(&["approve", "q2", "--yes"]).expect_code(0);
    told.expect_told(&["production: q2 became d2, which succeeded"]);
    assert_eq!(sandbox.history()[0]["requested_by"], "anna");

    anna.assert_told_as_here(&["history", "--json"]);
    anna.assert_told_as_here(&["show", "d2", "--json"]);
    anna.assert_told_as_here(&["show", "q2", "--json"]);
    let none = anna
        .run(&["rollback", "production", "--confirm", "production"])
        .expect_code(1);
    none.expect_told(&["production: q3 was refused"]);
    ben.run(&["cancel", "q2"])
        .expect_code(4)
        .expect_told(&["request q2 became d2"]);
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "production", &release);
}

#[test]
fn what_is_wrong_with_the_way_there_is_told() {
    let sandbox = sandbox();
    let viewer = token(&sandbox, "eve", "viewer");
    let daemon = Daemon::start(&sandbox, []);
    let person = |token: &str| Person {
        sandbox: &sandbox,
        daemon: &daemon,
        token: token.to_owned(),
    };
    let wrong = person("shp_1_none").run(&["requests"]).expect_code(4);
    wrong.expect_told(&[
        "what the call shows is no token",
        "hint: `shipway tokens create`",
    ]);
    let eve = person(&viewer);
    let refused = eve
        .run(&["deploy", "testing", "--commit", "main"])
        .expect_code(4);
    refused.expect_told(&["`eve` may not do this in `testing`"]);
    let unknown = eve
        .run(&["deploy", "tasting", "--commit", "main"])
        .expect_code(2);
    unknown.expect_told(&["there is no environment `tasting`"]);
    eve.run(&["status", "--resources"])
        .expect_code(2)
        .expect_told(&["--resources"]);
    eve.run(&["releases"])
        .expect_code(2)
        .expect_told(&["works on this machine"]);

    let at = daemon.address();
    let _ = daemon.stop().expect_code(0);
    let gone = sandbox.run(["--server", &at, "requests"]).expect_code(1);
    gone.expect_told(&[
        "does not answer",
        "hint: does `shipway serve --listen` run there?",
    ]);
    let open = sandbox.run(["--server", "http://deploy.example.org", "requests"]);
    open.expect_code(2)
        .expect_told(&["anybody on the way could read the token"]);
    sandbox.set_variable("SHIPWAY_TOKEN", "");
    let none = sandbox.run(["--server", &at, "requests"]).expect_code(2);
    none.expect_told(&["needs a token"]);
}

#[test]
fn by_tls_a_daemon_is_believed_by_its_authority_alone() {
    let sandbox = sandbox();
    let admin = token(&sandbox, "anna", "admin");
    sandbox.set_variable("SHIPWAY_TOKEN", &admin);
    let [good, other] = [(); 2].map(|()| Certificates::of(&["127.0.0.1"]));
    let words = [
        good.certificate(),
        good.key(),
        good.authority(),
        other.authority(),
    ];
    let [certificate, key, authority, stranger] =
        words.each_ref().map(|path| path.to_str().expect("a text"));
    let daemon = Daemon::start(&sandbox, ["--tls-cert", certificate, "--tls-key", key]);
    let at = daemon.address().replace("http:", "https:");
    let run = |words: &[&str]| {
        let all = [&["-C", "/", "--server", &at], words].concat();
        sandbox.start_words("somebody", &all).finish()
    };

    // What is told as it happens goes by TLS as well.
    let told = run(&[
        "--server-ca",
        authority,
        "deploy",
        "testing",
        "--commit",
        "main",
    ]);
    told.expect_code(0)
        .expect_told(&["switching", "testing: q1 became d1, which succeeded"]);
    let status = run(&["status", "--server-ca", authority, "--json"]).expect_code(0);
    let release = sandbox.answering("testing");
    assert_eq!(text(&status.json(), "/0/live/release"), release);

    for words in [&["status"][..], &["--server-ca", stranger, "status"]] {
        let refused = run(words).expect_code(1);
        refused.expect_told(&["does not answer", "certificate"]);
    }
    let none = run(&["--server-ca", key, "status"]).expect_code(2);
    none.expect_told(&[
        "no certificate authority can be read",
        "hint: give a file of PEM",
    ]);
    let missing = run(&["--server-ca", "/nowhere/ca.pem", "status"]).expect_code(2);
    missing.expect_told(&["cannot read `/nowhere/ca.pem`"]);

    // Who speaks no TLS is told nothing, and holds nobody up; the socket stays as it is.
    let plain = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        daemon.call(&Call::get("/healthz"))
    }));
    assert!(plain.is_err());
    assert!(daemon.get("/healthz")["version"].is_string());
    let _ = daemon.stop().expect_code(0);
}

#[test]
fn a_daemon_does_not_begin_without_a_certificate() {
    let sandbox = sandbox();
    let made = Certificates::of(&["127.0.0.1"]);
    let key = made.key();
    let key = key.to_str().expect("a text");
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        key,
        "--tls-key",
        key,
    ];
    let wrong = sandbox.start_words("tester", &words).finish();
    wrong
        .expect_code(2)
        .expect_told(&["cannot use the certificate"]);
}
