//! Environments of branches: opened by a push, gone with the branch.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Takes the proxy's directory away, so that no route can be changed; gives it back when dropped.
struct NoProxy(PathBuf);

impl NoProxy {
    fn of(sandbox: &Sandbox) -> Self {
        let here = sandbox.proxy();
        std::fs::rename(&here, here.with_extension("away")).expect("it is there");
        std::fs::write(&here, "no directory").expect("it can be written");
        Self(here)
    }
}

impl Drop for NoProxy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::rename(self.0.with_extension("away"), &self.0);
    }
}

#[test]
fn a_removal_that_failed_is_tried_again_by_the_daemon() {
    let sandbox = sandbox("{ limit: 2 }");
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let laptop = laptop(&sandbox, &bare);
    let here = laptop.to_str().unwrap();
    push(&sandbox, &laptop, "cart", "one");
    let volumes = sandbox.state().join("volumes/app/development/cart");
    std::fs::create_dir_all(volumes.join("data")).unwrap();

    let daemon = Daemon::start(&sandbox, []);
    let no_proxy = NoProxy::of(&sandbox);
    sandbox.git_told(&["-C", here, "push", "deploy", ":cart"]);
    let ending = wait_until("the removal to have failed", || {
        let status = daemon.get("/v1/environments/development%2Fcart");
        let ending = status["ending"].as_str()?.to_owned();
        ending.contains("its removal failed").then_some(ending)
    });
    assert!(ending.ends_with("it is tried again"), "{ending}");
    assert!(volumes.exists());
    let status = sandbox.run_well(["status", "development/cart"]);
    assert!(status.stdout.contains("its removal failed"), "{status}");

    drop(no_proxy);
    wait_until("it to be removed", || {
        (names(&sandbox) == [PORT_OF]).then_some(())
    });
    assert!(!volumes.exists());
    assert_eq!(answering(&sandbox, "cart"), None);
    let reason = daemon.get("/v1/requests");
    let reason = text(&reason, "/requests/0/reason");
    assert!(reason.contains("its removal failed"), "{reason}");
    let _ = daemon.stop().expect_code(0);
    sandbox.run_well(["audit", "verify"]);
}

#[test]
fn what_nobody_finished_to_remove_is_removed_with_the_next_push() {
    let sandbox = sandbox("{ limit: 2 }");
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let laptop = laptop(&sandbox, &bare);
    let here = laptop.to_str().unwrap();
    push(&sandbox, &laptop, "cart", "one");
    let no_proxy = NoProxy::of(&sandbox);
    let told = sandbox.git_told(&["-C", here, "push", "deploy", ":cart"]);
    assert!(told.contains("error"), "{told}");
    drop(no_proxy);
    assert_eq!(names(&sandbox), [PORT_OF, "development/cart"]);
    let status = sandbox.status("development/cart");
    assert_eq!(status["ending"]["failures"], 1, "{status:#}");
    let due = status["ending"]["due"].as_u64().expect("a time");
    wait_until("it to be due", || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        (now.as_millis() > u128::from(due)).then_some(())
    });
    let told = push(&sandbox, &laptop, "feature/next", "two");
    assert!(told.contains("development/cart: remove"), "{told}");
    assert_eq!(answering(&sandbox, "cart"), None);
    let left = names(&sandbox);
    assert!(!left.contains(&"development/cart".to_owned()), "{left:?}");
}

#[test]
fn one_whose_template_is_gone_is_listed_and_can_be_ended() {
    let sandbox = sandbox("{ limit: 2 }");
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let laptop = laptop(&sandbox, &bare);
    push(&sandbox, &laptop, "cart", "one");
    let live = answering(&sandbox, "cart").expect("the branch is live");
    let volumes = sandbox.state().join("volumes/app/development/cart");
    std::fs::create_dir_all(volumes.join("data")).unwrap();
    // Another environment takes the template's name.
    sandbox.replace("shipway.yml", "per_branch: { limit: 2 }", "trigger: push");
    sandbox.replace("shipway.yml", "{branch}.dev.example.org", "dev.example.org");

    let name = "development/cart";
    assert!(names(&sandbox).contains(&name.to_owned()));
    let status = sandbox.run_well(["status", name]);
    for told in [
        "its template `development` is no longer in shipway.yml",
        "shipway down development/cart --volumes",
    ] {
        assert!(status.stdout.contains(told), "{status}");
    }
    let status = sandbox.status(name);
    assert_eq!(text(&status, "/live/release"), live);
    assert!(text(&status, "/url").contains("cart.dev.example.org"));
    let refused = sandbox.run(["deploy", name]).expect_code(4);
    refused.expect_told(&["is left over", "shipway down development/cart --volumes"]);
    assert_eq!(answering(&sandbox, "cart"), Some(live));

    sandbox.run_well(["down", name, "--volumes", "--confirm", name]);
    assert_eq!(answering(&sandbox, "cart"), None);
    assert!(!volumes.exists());
    assert!(!names(&sandbox).contains(&name.to_owned()));
    sandbox.assert_nothing_is_left();
}
