//! Builds.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use shipway_compose::model::Service;
use shipway_runtime::{Artifact, Error, Runtime};

use crate::support::{World, has_exited, is_alive, number_in, services, within};

/// Services by name, each with its build steps.
fn built(services_and_steps: &[(&str, &str)]) -> Vec<Service> {
    let mut yaml = "services:\n".to_owned();
    for (name, steps) in services_and_steps {
        yaml.push_str(&format!(
            "  {name}: {{image: x, command: [sh, -c, 'cat made'], x-shipway: {{process: {{build: [{steps}]}}}}}}\n"
        ));
    }
    services(&yaml)
}

/// A step that counts its runs in a file of the world.
fn counting(world: &World, then: &str) -> String {
    format!("{{run: \"echo x >> {}; {then}\"}}", counter(world))
}

fn counter(world: &World) -> String {
    world.home.path().join("count").display().to_string()
}

fn count(world: &World) -> usize {
    fs::read_to_string(counter(world))
        .unwrap_or_default()
        .lines()
        .count()
}

/// The directory of a service's artifact.
fn tree(world: &World, artifact: &Artifact, service: &str) -> std::path::PathBuf {
    let hex = artifact.digests[service].strip_prefix("sha256:").unwrap();
    let link = world.state().join("artifacts/by-digest").join(hex);
    link.canonicalize().unwrap().join("tree")
}

#[tokio::test]
async fn a_commit_is_built_once() {
    let mut world = World::new(&[("a.txt", "one")]);
    let services = built(&[("web", &counting(&world, "echo built > made"))]);
    let (first, lines) = world.try_build(&world.request(&services)).await;
    let first = first.unwrap();
    assert!(lines.is_empty());
    assert_eq!(world.build(&services).await, first);
    assert_eq!(count(&world), 1);
    assert!(world.runtime.has_artifact(&first).await.unwrap());
    // Another commit with the same files is the same content.
    world.commit(&[]);
    assert_eq!(world.build(&services).await, first);
    assert_eq!(count(&world), 1);
    world.commit(&[("a.txt", "two")]);
    assert_ne!(world.build(&services).await, first);
    assert_eq!(count(&world), 2);
    world
        .start(
            1,
            "services: {web: {image: x, command: [cat, a.txt], x-shipway: {process: {}}}}",
        )
        .await;
    world.until("web-1", has_exited).await;
    assert_eq!(world.logs("web-1", 2).await[0], "two");
}

#[tokio::test]
async fn an_artifact_holds_what_the_commit_holds_and_nothing_else() {
    let world = World::new(&[("project/a.txt", "committed"), ("other.txt", "x")]);
    fs::write(world.repository().join("project/a.txt"), "changed").unwrap();
    fs::write(world.repository().join("project/new.txt"), "untracked").unwrap();
    let mut request = world.request(&built(&[("web", "")]));
    request.subdirectory = "project".into();
    let artifact = world.try_build(&request).await.0.unwrap();
    let tree = tree(&world, &artifact, "web");
    let names: Vec<_> = fs::read_dir(&tree)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a.txt"]);
    assert_eq!(fs::read_to_string(tree.join("a.txt")).unwrap(), "committed");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o222;
    assert_eq!((mode(tree.join("a.txt")), mode(tree)), (0, 0));
    world.runtime.remove_artifact(&artifact).await.unwrap();
    assert!(!world.runtime.has_artifact(&artifact).await.unwrap());
    assert_eq!(world.try_build(&request).await.0.unwrap(), artifact);
}

#[tokio::test]
async fn services_built_alike_share_an_artifact() {
    let world = World::new(&[("a.txt", "one")]);
    let step = counting(&world, "true");
    let services = built(&[("web", &step), ("worker", &step), ("plain", "")]);
    let artifact = world.build(&services).await;
    assert_eq!(count(&world), 1);
    assert_eq!(artifact.digests["web"], artifact.digests["worker"]);
    // The steps of `web` change nothing, so its content is that of the plain export.
    assert_eq!(artifact.digests["web"], artifact.digests["plain"]);
    assert!(world.runtime.has_artifact(&artifact).await.unwrap());
}

#[tokio::test]
async fn an_output_is_made_once_for_the_same_inputs() {
    let mut world = World::new(&[("needs.txt", "one"), ("a.txt", "one")]);
    // As a virtual environment, it knows where it was made.
    let make = format!(
        "{{run: \"echo x >> {}; mkdir $$OUTPUT; echo $$OUTPUT > $$OUTPUT/home\", inputs: [needs.txt], output: lib/env}}",
        counter(&world)
    );
    let services = built(&[("web", &format!("{make}, {{run: cp lib/env/home made}}"))]);
    let first = world.build(&services).await;
    let (first_tree, home) = {
        let tree = tree(&world, &first, "web");
        let home = fs::read_to_string(tree.join("lib/env/home")).unwrap();
        (tree, home.trim().to_owned())
    };
    assert_eq!(
        first_tree.join("lib/env").canonicalize().unwrap().to_str(),
        Some(home.as_str())
    );
    assert_eq!(
        fs::read_to_string(first_tree.join("made")).unwrap().trim(),
        home
    );

    world.commit(&[("a.txt", "two")]);
    let second = world.build(&services).await;
    assert_ne!(second, first);
    assert_eq!(count(&world), 1);
    world.commit(&[("needs.txt", "two")]);
    let third = world.build(&services).await;
    assert_eq!(count(&world), 2);

    // An artifact whose output is gone is not whole, and is built again.
    fs::remove_file(
        std::path::Path::new(&home)
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("complete"),
    )
    .unwrap();
    assert!(!world.runtime.has_artifact(&first).await.unwrap());
    assert!(world.runtime.has_artifact(&third).await.unwrap());
}

#[tokio::test]
async fn a_virtual_environment_serves_from_the_cache() {
    let mut world = World::new(&[("needs.txt", "")]);
    let yaml = r#"
services:
  web:
    image: x
    command: [python, -c, 'import sys; print(sys.prefix != sys.base_prefix)']
    x-shipway:
      process:
        path: [.venv/bin]
        build:
          - {run: python3 -m venv --without-pip "$$OUTPUT", inputs: [needs.txt], output: .venv}
          - {run: .venv/bin/python -c "print('made')" > made}
"#;
    for number in [1, 2] {
        world.commit(&[("a.txt", &number.to_string())]);
        world.start(number, yaml).await;
        world.until("web-1", has_exited).await;
        assert_eq!(world.logs("web-1", 9).await[0], "True");
    }
    let caches = fs::read_dir(world.state().join("cache")).unwrap();
    let directories = caches.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(directories.count(), 1);
}

#[tokio::test]
async fn a_build_that_was_given_up_leaves_nothing_that_counts() {
    let world = World::new(&[("a.txt", "one")]);
    let gate = world.home.path().join("gate");
    let line = format!(
        "test -e {} || (echo main $$$$; exec sleep 1000)",
        gate.display()
    );
    let request = world.request(&built(&[("web", &format!("{{run: '{line}'}}"))]));
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let pid = tokio::select! {
        line = lines.recv() => number_in(&line.unwrap().text),
        ended = world.runtime.build(&request, &sender) => panic!("ended: {ended:?}"),
    };
    fs::write(gate, "").unwrap();
    let artifact = within(world.try_build(&request)).await.0.unwrap();
    // The next build waits until nothing of the last one is left.
    assert!(!is_alive(pid));
    assert!(world.runtime.has_artifact(&artifact).await.unwrap());
}

#[tokio::test]
async fn a_failing_step_is_told_with_its_last_lines() {
    let world = World::new(&[("a.txt", "one")]);
    let step = "{run: 'seq 1 100; echo broken >&2; exit 3'}";
    let (built, lines) = world
        .try_build(&world.request(&built(&[("web", step)])))
        .await;
    let Err(Error::Build {
        step,
        reason,
        last_lines,
    }) = built
    else {
        panic!("{built:?}");
    };
    assert!(step.starts_with("seq 1 100"));
    assert_eq!(reason, "exit code 3");
    assert!(last_lines.contains(&"broken".to_owned()) && last_lines.contains(&"100".to_owned()));
    assert!(last_lines.len() < 50);
    assert_eq!(lines.len(), 101);
    assert!(
        lines
            .iter()
            .any(|line| line.is_error && line.text == "broken")
    );
}

#[tokio::test]
async fn after_a_failure_the_next_build_begins_anew() {
    let world = World::new(&[("a.txt", "one")]);
    let flag = world.home.path().join("flag");
    let step = format!(
        "{{run: 'test ! -e left; touch left; test -e {}'}}",
        flag.display()
    );
    let request = world.request(&built(&[("web", &step)]));
    assert!(world.try_build(&request).await.0.is_err());
    fs::write(flag, "").unwrap();
    world.try_build(&request).await.0.unwrap();
}

#[tokio::test]
async fn a_build_is_killed_with_its_descendants_at_its_deadline() {
    let world = World::new(&[("a.txt", "one")]);
    let step = "{run: 'setsid sleep 1000 & echo far $$!; echo main $$$$; sleep 1000; true'}";
    let mut request = world.request(&built(&[("web", step)]));
    request.deadline = Duration::from_secs(2);
    let (built, lines) = within(world.try_build(&request)).await;
    let Err(Error::Build { reason, .. }) = built else {
        panic!("{built:?}");
    };
    assert!(reason.contains("did not end within 2s"), "{reason}");
    // On a machine so slow that it said nothing within its deadline there is nothing to look at.
    for line in lines {
        assert!(!is_alive(number_in(&line.text)), "{}", line.text);
    }
}

#[tokio::test]
async fn builds_at_the_same_time_build_once() {
    let world = World::new(&[("a.txt", "one")]);
    let steps = counting(&world, "date +%N > made");
    let other_world = crate::support::runtime(&world.state());
    let request = world.request(&built(&[("web", &steps)]));
    let (sender, _lines) = tokio::sync::mpsc::unbounded_channel();
    let (one, two, three) = tokio::join!(
        world.runtime.build(&request, &sender),
        world.runtime.build(&request, &sender),
        other_world.build(&request, &sender),
    );
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert_eq!((&one, &one), (&two, &three));
    assert_eq!(count(&world), 1);
}

#[tokio::test]
async fn what_cannot_be_built_says_why() {
    let world = World::new(&[("a.txt", "one")]);
    let cases = [
        ("{run: 'true', output: made}", "made no `$OUTPUT`"),
        (
            "{run: 'true', output: ../made}",
            "leads out of the artifact",
        ),
        (
            "{run: 'true', output: made, inputs: [missing.txt]}",
            "`missing.txt`",
        ),
    ];
    for (step, expected) in cases {
        let request = world.request(&built(&[("web", step)]));
        let error = world.try_build(&request).await.0.unwrap_err();
        assert!(matches!(error, Error::Build { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
    let plain = services("services: {web: {image: x}}");
    let error = world.try_build(&world.request(&plain)).await.0.unwrap_err();
    assert!(matches!(error, Error::NotRunnable { .. }));

    let mut request = world.request(&built(&[("web", "")]));
    request.commit = "0123456789012345678901234567890123456789".to_owned();
    let error = world.try_build(&request).await.0.unwrap_err();
    assert!(
        error.to_string().contains("is not in the repository"),
        "{error}"
    );
    request.commit = "main".to_owned();
    let error = world.try_build(&request).await.0.unwrap_err();
    assert!(
        error.to_string().contains("not a full commit id"),
        "{error}"
    );
    let mut request = world.request(&built(&[("web", "")]));
    request.subdirectory = "missing".into();
    let error = world.try_build(&request).await.0.unwrap_err();
    assert!(
        error.to_string().contains("has no directory `missing`"),
        "{error}"
    );
}
