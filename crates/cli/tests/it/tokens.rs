//! `shipway tokens`: made, shown once, listed, taken back.

use shipway_testkit::Environment;

use crate::common::{sandbox_with, text};

#[test]
fn a_token_is_shown_once_and_only_its_hash_is_kept() {
    let sandbox = sandbox_with([Environment::new("testing"), Environment::new("staging")]);
    let made = sandbox.run_well([
        "tokens", "create", "alice", "--role", "deployer", "-e", "staging",
    ]);
    let token = made.stdout.trim().to_owned();
    assert!(token.starts_with("shp_1_"), "{made}");
    made.expect_told(&["This is t1, shown this once"]);

    let listed = sandbox.run_well(["tokens", "list", "--json"]);
    assert!(!listed.stdout.contains(&token[6..]), "{listed}");
    let listed = listed.json();
    assert_eq!(text(&listed, "/0/name"), "alice");
    assert_eq!(text(&listed, "/0/environments/0"), "staging");
    assert_eq!(text(&listed, "/0/state"), "good");
    let kept = std::fs::read(sandbox.state().join("shipway.db")).unwrap();
    let log = std::fs::read(sandbox.state().join("shipway.db-wal")).unwrap_or_default();
    for file in [kept, log] {
        let digits = token.rsplit('_').next().unwrap().as_bytes();
        assert!(!file.windows(digits.len()).any(|part| part == digits));
    }

    sandbox.run_well(["tokens", "revoke", "t1"]);
    assert!(
        sandbox
            .run_well(["tokens", "list"])
            .stdout
            .contains("revoked")
    );
    let again = sandbox.run(["tokens", "revoke", "t1"]).expect_code(2);
    again.expect_told(&[
        "there is no token `t1` to take back",
        "hint: `shipway tokens list`",
    ]);
}

#[test]
fn what_makes_no_sense_is_no_token() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    for (words, told) in [
        (["create", "a", "--role", "root"], "`root` is no role"),
        (["create", " ", "--role", "admin"], "a token needs a name"),
    ] {
        let words = ["tokens", words[0], words[1], words[2], words[3]];
        sandbox.run(words).expect_code(2).expect_told(&[told]);
    }
    let unknown = ["tokens", "create", "a", "--role", "admin", "-e", "stagin"];
    sandbox.run(unknown).expect_code(2);
    assert_eq!(
        sandbox
            .run_well(["tokens", "list", "--json"])
            .json()
            .to_string(),
        "[]"
    );
}
