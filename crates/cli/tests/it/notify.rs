//! People and systems are told what happens: by the command, by the daemon, and on demand.

use serde_json::Value;
use shipway_testkit::{
    Behaviour, Daemon, Environment, MailServer, Protection, Received, Receiver, Response, Sandbox,
    wait_until,
};

use crate::common::{sandbox, sandbox_with, text};

/// Names the channel `ops`: a signed webhook that takes these events.
pub(crate) fn with_channel(sandbox: &Sandbox, receiver: &Receiver, more: &str) {
    let channels = format!(
        "notifications:\n  ops: {{ kind: webhook, url: \"${{OPS_URL}}\", \
         secret: \"${{OPS_KEY}}\"{more} }}\nenvironments:"
    );
    sandbox.replace("shipway.yml", "environments:", &channels);
    sandbox.set_variable("OPS_URL", &receiver.url("/hooks/swordfish"));
    sandbox.set_variable("OPS_KEY", "hunter2-hunter2");
}

const ALL: &str = ", events: [started, deployed, failed, rolled-back, rollback-failed, \
                   approval-wanted, approved, rejected]";

/// What was told, by type.
fn types(received: &[Received]) -> Vec<String> {
    let bodies = received.iter().map(Received::json);
    bodies.map(|body| text(&body, "/type").to_owned()).collect()
}

fn messages(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run_well(["notify", "list", "--json"]).json();
    listed.as_array().expect("a list").clone()
}

#[test]
fn a_deployment_is_told_from_its_beginning_to_its_end() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    with_channel(&sandbox, &receiver, ALL);
    sandbox.run_well(["deploy", "testing"]);
    assert_eq!(types(&receiver.received()), ["started", "deployed"]);
    sandbox.release(Behaviour::Crash);
    let failed = sandbox.run(["deploy", "testing"]);
    let _ = failed.expect_code(3);
    let received = receiver.received();
    assert_eq!(types(&received)[2..], ["started", "failed"]);
    let told = received[3].json();
    let data = &told["data"];
    assert_eq!(data["project"], "app");
    assert_eq!(data["environment"], "testing");
    assert_eq!(data["deployment"], "d2");
    assert_eq!(data["by"], "tester");
    assert_eq!(data["command"], "shipway show d2");
    assert_eq!(data["subject"], "release 2: crash");
    assert!(text(data, "/reason").contains("web-1 ended: exit code 3"));
    let evidence = data["evidence"].to_string();
    assert!(evidence.contains("cannot reach the database"), "{evidence}");
    let states: Vec<Value> = messages(&sandbox)
        .iter()
        .map(|message| message["state"].clone())
        .collect();
    assert_eq!(states, ["delivered"; 4]);
}

#[test]
fn a_channel_that_is_down_changes_nothing_and_is_told() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    with_channel(&sandbox, &receiver, ALL);
    let busy = Response::new(503, "at /hooks/swordfish").with("Retry-After", "300");
    receiver.answer([busy]);
    let ended = sandbox.run_well(["deploy", "testing"]);
    let told = [
        "notification n1 did not reach `ops`",
        "503",
        "tried again from",
    ];
    ended.expect_told(&told);
    let listed = messages(&sandbox);
    // What came after the first one waits for it.
    let states: Vec<&Value> = listed.iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["waiting", "waiting"]);
    let shown = sandbox.run_well(["notify", "list"]).stdout;
    assert!(
        shown.contains("waiting") && shown.contains("is live"),
        "{shown}"
    );
    receiver.answer([Response::new(410, "gone for ever")]);
    let due = sandbox.run(["notify", "run-due"]);
    due.expect_code(1)
        .expect_told(&["given up", "shipway notify retry n2"]);
    let failed = sandbox
        .run_well(["notify", "list", "--failed", "--json"])
        .json();
    assert_eq!(text(&failed, "/0/id"), "n2");
    assert!(text(&failed, "/0/answer").contains("gone for ever"));
    sandbox.run_well(["notify", "retry", "n2"]);
    let none = sandbox.run(["notify", "retry", "n2"]);
    none.expect_code(2)
        .expect_told(&["no message n2 that was given up"]);
}

#[test]
fn requests_are_told_to_those_who_decide() {
    let receiver = Receiver::start();
    let production = Environment::promoted_from("production", "testing")
        .with("confirm", "none")
        .with("policy", "{ approvals: { required: 1 } }");
    let sandbox = sandbox_with([Environment::new("testing"), production]);
    with_channel(
        &sandbox,
        &receiver,
        &format!("{ALL}, environments: production"),
    );
    sandbox.run_well(["deploy", "testing"]);
    assert!(receiver.received().is_empty(), "nobody is told of testing");
    let ask = ["promote", "production", "--reason", "sale", "--json"];
    for _ in 0..2 {
        let _ = sandbox.start_as("anna", ask).finish().expect_code(5);
    }
    let words = ["reject", "q1", "--reason", "not today"];
    let _ = sandbox.start_as("ben", words).finish().expect_code(0);
    let words = ["approve", "q2", "--yes"];
    let _ = sandbox.start_as("ben", words).finish().expect_code(0);
    let received = receiver.received();
    let told = [
        "approval-wanted",
        "approval-wanted",
        "rejected",
        "approved",
        "started",
        "deployed",
    ];
    assert_eq!(types(&received), told);
    let wanted = received[0].json();
    assert_eq!(wanted["data"]["command"], "shipway approve q1");
    assert_eq!(wanted["data"]["by"], "anna");
    assert_eq!(wanted["data"]["reason"], "sale");
    let rejected = received[2].json();
    assert_eq!(
        rejected["data"]["reason"],
        "q1 was rejected by ben: not today"
    );
    assert_eq!(received[3].json()["data"]["reason"], "approved by ben");
}

#[test]
fn whoever_is_killed_while_telling_loses_nothing() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    with_channel(&sandbox, &receiver, ALL);
    receiver.answer([Response::silence()]);
    let command = sandbox.start(["deploy", "testing"]);
    receiver.wait_for(1);
    command.kill();
    let listed = messages(&sandbox);
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|one| one["state"] == "waiting"));
    // The one that may have arrived is left alone for a minute; the other one is not.
    sandbox.run_well(["notify", "run-due"]);
    assert_eq!(types(&receiver.received()), ["started", "deployed"]);
    assert_eq!(sandbox.history()[0]["outcome"], "succeeded");
}

#[test]
fn a_daemon_tells_what_commands_record() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    with_channel(&sandbox, &receiver, ALL);
    receiver.answer([Response::new(500, "not yet")]);
    let daemon = Daemon::start(&sandbox, []);
    sandbox.run_well(["deploy", "testing"]);
    let received = receiver.wait_for(3);
    let mut told = types(&received);
    told.sort();
    told.dedup();
    assert_eq!(told, ["deployed", "started"]);
    wait_until("everything to be delivered", || {
        let listed = messages(&sandbox);
        listed
            .iter()
            .all(|one| one["state"] == "delivered")
            .then_some(())
    });
    assert_eq!(receiver.received().len(), 3);
    let log = daemon.log();
    assert!(log.contains("did not reach `ops`"), "{log}");
    assert!(!log.contains("swordfish"), "{log}");
    let _ = daemon.stop().expect_code(0);
}

#[test]
fn a_channel_is_tried_and_its_answer_told() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    let none = sandbox.run(["notify", "test"]);
    none.expect_code(2)
        .expect_told(&["shipway.yml has no channels"]);
    with_channel(&sandbox, &receiver, "");
    let good = sandbox.run_well(["notify", "test"]);
    assert!(
        good.stdout.contains("ops (webhook) took it: 200"),
        "{}",
        good.stdout
    );
    let told = receiver.received()[0].json();
    assert_eq!(told["type"], "test");
    receiver.answer([Response::new(403, "no such hook: /hooks/swordfish")]);
    let refused = sandbox
        .run(["notify", "test", "ops", "--json"])
        .expect_code(1);
    let document = refused.json();
    assert_eq!(document[0]["accepted"], false);
    assert!(text(&document, "/0/answer").contains("403"));
    let unknown = sandbox.run(["notify", "test", "opps"]);
    unknown
        .expect_code(2)
        .expect_told(&["no channel `opps`", "did you mean `ops`?"]);
    assert!(messages(&sandbox).is_empty(), "a test leaves no record");
}

#[test]
fn a_secret_of_the_store_is_used_and_never_shown() {
    let (sandbox, receiver) = (sandbox(), Receiver::start());
    let channels = "notifications:\n  chat: { kind: slack, url: \"${CHAT_URL}\" }\nenvironments:";
    sandbox.replace("shipway.yml", "environments:", channels);
    let missing = sandbox.run(["notify", "test"]).expect_code(1);
    let told = "neither a variable here nor a secret of `testing`";
    assert!(missing.stdout.contains(told), "{}", missing.stdout);
    let url = receiver.url("/services/swordfish");
    let set = sandbox.run_reading(&url, ["secrets", "set", "testing", "CHAT_URL"]);
    let _ = set.expect_code(0);
    receiver.answer([Response::new(400, &format!("bad request at {url}"))]);
    let refused = sandbox.run(["notify", "test"]).expect_code(1);
    assert!(refused.stdout.contains("400"), "{}", refused.stdout);
    assert!(!refused.stdout.contains("swordfish"), "{}", refused.stdout);
    sandbox.release(Behaviour::Crash);
    let _ = sandbox.run(["deploy", "testing"]).expect_code(3);
    let body = receiver.received()[1].json();
    assert!(text(&body, "/text").contains("d1 failed"), "{body:#}");
}

/// Names the channel `mail`, by this server.
fn with_mail(sandbox: &Sandbox, server: &MailServer, security: &str, password: &str) {
    let (user, _) = MailServer::ACCOUNT;
    let channels = format!(
        "notifications:\n  mail:\n    kind: smtp\n    host: localhost\n    port: {}\n    \
         security: {security}\n    user: {user}\n    password: ${{MAIL_PASSWORD}}\n    \
         from: shipway@example.org\n    to: [ops@example.org, anna@example.org]\nenvironments:",
        server.port()
    );
    sandbox.replace("shipway.yml", "environments:", &channels);
    sandbox.set_variable("MAIL_PASSWORD", password);
    sandbox.set_variable("SSL_CERT_FILE", &server.certificate().display().to_string());
}

#[test]
fn mail_is_handed_in_over_each_kind_of_connection() {
    for (protection, security, is_protected) in [
        (Protection::None, "none", false),
        (Protection::Starttls, "starttls", true),
        (Protection::Tls, "tls", true),
    ] {
        let (sandbox, server) = (sandbox(), MailServer::start(protection));
        with_mail(&sandbox, &server, security, MailServer::ACCOUNT.1);
        server.refuse(["451 try later"]);
        let later = sandbox.run(["notify", "test"]).expect_code(1);
        assert!(later.stdout.contains("451"), "{security}: {}", later.stdout);
        sandbox.run_well(["notify", "test"]);
        let [mail] = server.taken().try_into().expect("one mail");
        assert_eq!(mail.from, "shipway@example.org");
        assert_eq!(mail.to, ["ops@example.org", "anna@example.org"]);
        assert_eq!(mail.user.as_deref(), Some(MailServer::ACCOUNT.0));
        assert_eq!(mail.is_protected, is_protected);
        assert!(
            mail.text
                .contains("Subject: [shipway] app testing: this is a test"),
            "{}",
            mail.text
        );
    }
}

#[test]
fn mail_is_never_handed_in_where_others_could_read_it() {
    // A server, or somebody in between, that offers no STARTTLS.
    let (sandbox, server) = (sandbox(), MailServer::start(Protection::None));
    with_mail(&sandbox, &server, "starttls", MailServer::ACCOUNT.1);
    let refused = sandbox.run(["notify", "test"]).expect_code(1);
    assert!(
        refused.stdout.contains("did not take it"),
        "{}",
        refused.stdout
    );
    // One whose certificate nobody trusts.
    let other = MailServer::start(Protection::Tls);
    let (from, to) = (server.port().to_string(), other.port().to_string());
    sandbox.replace("shipway.yml", &from, &to);
    sandbox.replace("shipway.yml", "security: starttls", "security: tls");
    let refused = sandbox.run(["notify", "test"]).expect_code(1);
    assert!(refused.stdout.contains("certificate"), "{}", refused.stdout);
    assert!(server.taken().is_empty() && other.taken().is_empty());
}

#[test]
fn a_mail_that_is_refused_for_good_is_given_up() {
    let (sandbox, server) = (sandbox(), MailServer::start(Protection::Starttls));
    with_mail(&sandbox, &server, "starttls", "guess");
    sandbox.release(Behaviour::Crash);
    let failed = sandbox.run(["deploy", "testing"]).expect_code(3);
    failed.expect_told(&["did not reach `mail`", "535", "given up"]);
    sandbox.set_variable("MAIL_PASSWORD", MailServer::ACCOUNT.1);
    sandbox.run_well(["notify", "retry", "--all"]);
    let [mail] = server.taken().try_into().expect("one mail");
    for told in [
        "Message-ID: <msg_",
        "d1 failed",
        "cannot reach the database",
        "shipway show d1",
    ] {
        assert!(mail.text.contains(told), "no {told} in {}", mail.text);
    }
}
