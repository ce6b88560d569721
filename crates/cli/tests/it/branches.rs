//! Environments of branches: opened by a push, gone with the branch.

use std::path::{Path, PathBuf};

use shipway_testkit::{Daemon, Environment, Sandbox, wait_until};

use crate::common::{assert_live, sandbox_with, text};

const PORT_OF: &str = "testing";

/// `development` is a template whose environments share the address of `testing`.
fn sandbox(per_branch: &str) -> Sandbox {
    let sandbox = sandbox_with([Environment::new(PORT_OF)]);
    let port = sandbox.port(PORT_OF);
    let route = format!("{{ listen: {port}, host: '{{branch}}.dev.example.org' }}");
    let development = Environment::new("development")
        .with("branches", "['feature/*', cart]")
        .with("per_branch", per_branch)
        .with("route", &route);
    sandbox.add(development);
    let _ = sandbox.commit("environments of branches");
    sandbox
}

/// Somebody's own clone, with the repository that they push to.
fn laptop(sandbox: &Sandbox, remote: &str) -> PathBuf {
    let laptop = sandbox.root().join("laptop");
    let here = laptop.to_str().expect("it is a text");
    sandbox.git(&["clone", "--quiet", ".", here]);
    sandbox.git(&["-C", here, "remote", "add", "deploy", remote]);
    laptop
}

/// Pushes a version of the application on a branch; gives what the pusher was told.
fn push(sandbox: &Sandbox, laptop: &Path, branch: &str, version: &str) -> String {
    let here = laptop.to_str().expect("it is a text");
    sandbox.git(&["-C", here, "switch", "--quiet", "--force-create", branch]);
    std::fs::write(laptop.join("version"), version).expect("it can be written");
    sandbox.git(&["-C", here, "commit", "--quiet", "--all", "-m", version]);
    sandbox.git_told(&["-C", here, "push", "--force", "deploy", branch])
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.run_well(["status", "--json"]).json();
    let all = all.as_array().expect("a list").iter();
    all.map(|one| text(one, "/name").to_owned()).collect()
}

/// The release that answers for a branch; none where none does.
fn answering(sandbox: &Sandbox, label: &str) -> Option<String> {
    let host = format!("{label}.dev.example.org");
    let answer = sandbox.get_as(PORT_OF, &host, "/").ok()?;
    (answer.status == 200).then_some(answer.release)
}

#[test]
fn a_branch_is_live_under_its_own_host_until_it_is_deleted() {
    let sandbox = sandbox("{ limit: 2 }");
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let laptop = laptop(&sandbox, &bare);
    let here = laptop.to_str().unwrap();
    let told = push(&sandbox, &laptop, "cart", "one");
    assert!(told.contains("development/cart: deploy"), "{told}");
    let first = answering(&sandbox, "cart").expect("the branch is live");
    assert_eq!(names(&sandbox), [PORT_OF, "development/cart"]);

    // Pushed again it is replaced; another branch is beside it, and a third one is told why not.
    push(&sandbox, &laptop, "cart", "two");
    assert_ne!(answering(&sandbox, "cart").unwrap(), first);
    let told = push(&sandbox, &laptop, "feature/Search", "three");
    let label = "feature-search-ccc993c0";
    assert!(
        told.contains(&format!("development/{label}: deploy")),
        "{told}"
    );
    let search = answering(&sandbox, label).expect("the other branch is live");
    let told = push(&sandbox, &laptop, "feature/third", "four");
    assert!(told.contains("`development` has 2 environments"), "{told}");

    // It is an environment like others.
    sandbox.run_well(["rollback", "development/cart", "--yes"]);
    assert_eq!(answering(&sandbox, "cart").unwrap(), first);
    let volumes = sandbox.state().join("volumes/app/development/cart");
    std::fs::create_dir_all(volumes.join("data")).unwrap();

    let told = sandbox.git_told(&["-C", here, "push", "deploy", ":cart"]);
    assert!(told.contains("development/cart: remove"), "{told}");
    assert_eq!(answering(&sandbox, "cart"), None);
    assert_eq!(answering(&sandbox, label), Some(search));
    assert!(!volumes.exists());
    assert_eq!(names(&sandbox), [PORT_OF, &format!("development/{label}")]);
    // There is room again.
    let told = push(&sandbox, &laptop, "feature/third", "five");
    assert!(told.contains("succeeded"), "{told}");
    sandbox.run_well(["audit", "verify"]);
}

#[test]
fn one_is_opened_and_ended_by_hand_as_well() {
    let sandbox = sandbox("{ limit: 1 }");
    sandbox.run_well(["deploy", "development/feature/x", "--dry-run"]);
    assert_eq!(names(&sandbox), [PORT_OF]);
    sandbox.git(&["switch", "--quiet", "--create", "cart"]);
    let release = {
        sandbox.run_well(["deploy"]);
        answering(&sandbox, "cart").expect("the branch is live")
    };
    let status = sandbox.status("development/cart");
    assert_eq!(text(&status, "/live/release"), release);
    let full = sandbox.run(["deploy", "development/other"]).expect_code(4);
    full.expect_told(&["`development` has 1 environments"]);
    let odd = sandbox.run(["deploy", "development/../x"]).expect_code(2);
    odd.expect_told(&["is no reference that is taken"]);
    let template = sandbox.run(["deploy", "development"]).expect_code(2);
    template.expect_told(&["development/BRANCH"]);

    let name = "development/cart";
    sandbox.run_well(["down", name, "--volumes", "--confirm", name]);
    assert_eq!(answering(&sandbox, "cart"), None);
    assert_eq!(names(&sandbox), [PORT_OF]);
    // Its story is still on record.
    assert_eq!(sandbox.history()[0]["environment"], name);
    sandbox.assert_nothing_is_left();
}

#[test]
fn the_daemon_removes_what_nobody_pushes_to_and_the_oldest_makes_room() {
    let sandbox = sandbox("{ limit: 1, when_full: remove_oldest }");
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let daemon = Daemon::start(&sandbox, []);
    let laptop = laptop(&sandbox, &bare);
    push(&sandbox, &laptop, "cart", "one");
    assert!(answering(&sandbox, "cart").is_some());
    let told = push(&sandbox, &laptop, "feature/new", "two");
    assert!(told.contains("development/cart: remove"), "{told}");
    assert_eq!(answering(&sandbox, "cart"), None);
    let all = daemon.get("/v1/environments");
    let label = text(&all, "/1/name").to_owned();
    assert!(label.starts_with("development/feature-new-"), "{all:#}");

    sandbox.replace("shipway.yml", "{ limit: 1,", "{ limit: 1, max_age: 1s,");
    wait_until("it to be removed for its age", || {
        let all = daemon.get("/v1/environments");
        (all.as_array().unwrap().len() == 1).then_some(())
    });
    let requests = daemon.get("/v1/requests");
    assert_eq!(text(&requests, "/requests/0/want/kind"), "remove");
    let _ = daemon.stop().expect_code(0);
    sandbox.run_well(["deploy", PORT_OF]);
    assert_live(&sandbox, PORT_OF, &sandbox.answering(PORT_OF));
}
