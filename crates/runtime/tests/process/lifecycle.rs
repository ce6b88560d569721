//! Start, list, stop.

use std::process::Command;

use shipway_pipeline::id::Epoch;
use shipway_runtime::{Error, Exit, Runtime, State, StopHow};

use crate::support::{
    World, has_exited, is_alive, key, number_in, pid_of, runtime, services, until_gone, web, within,
};

/// Says that it is ready, then waits for its end.
const SERVE: (&str, &str) = ("serve.sh", "#!/bin/sh\necho ready\nexec sleep 1000\n");

/// Ignores the request to stop, and has a descendant in a session of its own.
const STUBBORN: (&str, &str) = (
    "stubborn.sh",
    "#!/bin/sh\ntrap '' TERM\nsetsid sleep 1000 &\necho far $!\nsleep 1000 &\necho near $!\necho ready\nwhile :; do wait; done\n",
);

#[tokio::test]
async fn instances_run_are_listed_and_stopped() {
    let world = World::new(&[SERVE]);
    let spec = world.start(1, &web("./serve.sh", "scale: 2")).await;
    let all = world.list().await;
    let names: Vec<String> = all.iter().map(|instance| instance.id.to_string()).collect();
    assert_eq!(names, ["web-1", "web-2"]);
    let first = &all[0];
    assert_eq!(
        (&first.release, first.deployment),
        (&spec.release, spec.deployment)
    );
    assert!(first.address.unwrap().ip().is_loopback());
    assert_eq!((first.restarts, &first.health), (0, &None));
    assert!(all.iter().all(|instance| is_alive(pid_of(instance))));

    let only = ["web-2".parse().unwrap()];
    let stopped = world.runtime.stop(&key(), Some(&only)).await.unwrap();
    assert_eq!(
        (&stopped[0].id, stopped[0].how),
        (&only[0], StopHow::Gracefully)
    );
    assert!(!is_alive(pid_of(&all[1])) && is_alive(pid_of(&all[0])));
    assert_eq!(world.list().await.len(), 1);

    world.runtime.stop(&key(), None).await.unwrap();
    assert!(!is_alive(pid_of(&all[0])));
    assert!(world.list().await.is_empty());
    let again = world.runtime.stop(&key(), Some(&only)).await.unwrap();
    assert_eq!(again[0].how, StopHow::WasGone);
}

#[test]
fn an_instance_outlives_its_starter() {
    // The starter is another process: this test binary, running the test below.
    let world = World::new(&[SERVE]);
    let starter = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifecycle::starter"])
        .env("STARTER_STATE", world.state())
        .env("STARTER_REPOSITORY", world.repository())
        .env("STARTER_COMMIT", world.request(&[]).commit)
        .output()
        .unwrap();
    assert!(starter.status.success(), "{starter:?}");
    let tokio = tokio::runtime::Runtime::new().unwrap();
    tokio.block_on(async {
        let instance = world.instance("web-1").await;
        assert!(is_alive(pid_of(&instance)));
        world.until_logged("web-1", "ready").await;
        world.runtime.stop(&key(), None).await.unwrap();
        assert!(!is_alive(pid_of(&instance)));
    });
}

/// Does nothing but when run by [`an_instance_outlives_its_starter`], in a process of its own.
#[tokio::test]
async fn starter() {
    let variable = |name| std::env::var(format!("STARTER_{name}"));
    let Ok(state) = variable("STATE") else { return };
    let world = World::new(&[SERVE]);
    let mut spec = world.spec(1, &web("./serve.sh", "")).await;
    let other = runtime(state.as_ref());
    let mut request = world.request(&spec.services);
    request.repository = variable("REPOSITORY").unwrap().into();
    request.commit = variable("COMMIT").unwrap();
    let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
    spec.artifact = other.build(&request, &sender).await.unwrap();
    other.start(&spec).await.unwrap();
}

#[tokio::test]
async fn what_ignores_its_stop_signal_is_killed_with_all_its_descendants() {
    let world = World::new(&[STUBBORN]);
    world
        .start(1, &web("./stubborn.sh", "stop_grace_period: 200ms"))
        .await;
    world.until_logged("web-1", "ready").await;
    let main = pid_of(&world.instance("web-1").await);
    let near = number_in(&world.until_logged("web-1", "near").await);
    let far = number_in(&world.until_logged("web-1", "far").await);
    assert!([main, near, far].into_iter().all(is_alive));
    let stopped = within(world.runtime.stop(&key(), None)).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::Killed);
    // Gone when it says so, without waiting any further.
    assert!(![main, near, far].into_iter().any(is_alive));
}

#[tokio::test]
async fn one_whose_stop_nobody_waits_for_any_more_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let may_end = folder.path().join("may-end");
    let script = format!(
        "#!/bin/sh\ntrap 'echo ending; until [ -e {} ]; do sleep 0.05; done; exit 0' TERM\n\
         echo ready\nwhile :; do sleep 0.05; done\n",
        may_end.display()
    );
    let world = World::new(&[("slow.sh", &script)]);
    let spec = world
        .start(1, &web("./slow.sh", "stop_grace_period: 60s"))
        .await;
    world.until_logged("web-1", "ready").await;
    let first = pid_of(&world.instance("web-1").await);
    // As if whoever stops it were killed.
    let key = key();
    tokio::select! {
        _ = world.runtime.stop(&key, None) => panic!("it has not ended"),
        _ = world.until_logged("web-1", "ending") => {}
    }
    let start = within(world.runtime.start(&spec));
    let (started, ()) = tokio::join!(start, async { std::fs::write(&may_end, "").unwrap() });
    started.unwrap();
    let second = pid_of(&world.instance("web-1").await);
    assert!(!is_alive(first) && is_alive(second));
    // That is forgotten: it is left alone as any other.
    world.runtime.start(&spec).await.unwrap();
    assert_eq!(pid_of(&world.instance("web-1").await), second);
    world.runtime.stop(&key, None).await.unwrap();
}

#[tokio::test]
async fn the_stop_signal_is_the_services_own() {
    let script = "#!/bin/sh\ntrap 'echo bye; exit 3' QUIT\ntrap '' TERM\necho ready\nwhile :; do sleep 0.05; done\n";
    let world = World::new(&[("quit.sh", script)]);
    world
        .start(1, &web("./quit.sh", "stop_signal: SIGQUIT"))
        .await;
    world.until_logged("web-1", "ready").await;
    let stopped = within(world.runtime.stop(&key(), None)).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::Gracefully);
    // The log outlives the instance.
    let last = world.logs("web-1", 10).await;
    assert!(last.contains(&"bye".to_owned()), "{last:?}");
    assert!(
        last.iter().any(|line| line.contains("exit code 3")),
        "{last:?}"
    );
}

#[tokio::test]
async fn starting_again_leaves_the_same_deployment_alone_and_replaces_another() {
    let world = World::new(&[SERVE]);
    let yaml = web("./serve.sh", "");
    let spec = world.start(1, &yaml).await;
    let first = pid_of(&world.instance("web-1").await);
    world.runtime.start(&spec).await.unwrap();
    assert_eq!(pid_of(&world.instance("web-1").await), first);

    let next = world.start(2, &yaml).await;
    let instance = world.instance("web-1").await;
    assert_eq!(instance.deployment, next.deployment);
    assert_ne!(pid_of(&instance), first);
    assert!(!is_alive(first));
}

#[tokio::test]
async fn a_lower_epoch_is_refused() {
    let world = World::new(&[SERVE]);
    let yaml = web("./serve.sh", "");
    world.start(2, &yaml).await;
    let mut deposed = world.spec(3, &yaml).await;
    deposed.epoch = Epoch(1);
    let error = world.runtime.start(&deposed).await.unwrap_err();
    assert!(
        error.to_string().contains("epoch 1 is older than epoch 2"),
        "{error}"
    );
    assert_eq!(world.instance("web-1").await.deployment.0, 2);
    // The slot remembers when nothing runs in it any more.
    world.runtime.stop(&key(), None).await.unwrap();
    assert!(world.runtime.start(&deposed).await.is_err());
}

#[tokio::test]
async fn one_that_cannot_be_started_says_why_and_is_listed_as_that() {
    let world = World::new(&[SERVE, ("plain.txt", "no program\n")]);
    for (program, reason) in [
        ("./missing", "No such file"),
        ("./plain.txt", "ermission denied"),
    ] {
        let spec = world.spec(1, &web(program, "restart: always")).await;
        let error = world.runtime.start(&spec).await.unwrap_err();
        assert!(matches!(&error, Error::Start { instance, .. } if instance == "web-1"));
        assert!(error.to_string().contains(reason), "{error}");
        let instance = world.until("web-1", has_exited).await;
        assert!(matches!(
            instance.state,
            State::Exited {
                exit: Exit::NotStarted,
                ..
            }
        ));
        let last = world.logs("web-1", 1).await;
        assert!(last[0].contains(reason), "{last:?}");
    }
}

#[tokio::test]
async fn what_cannot_run_as_a_process_is_refused_before_anything_starts() {
    let world = World::new(&[SERVE]);
    let spec = world.spec(1, &web("./serve.sh", "")).await;
    let cases = [
        (
            "services: {web: {image: x, command: [./serve.sh]}}",
            "x-shipway.process",
        ),
        (
            "services: {web: {image: x, x-shipway: {process: {}}}}",
            "no command",
        ),
        (
            "services: {web: {image: x, command: [x], x-shipway: {process: {environment: {A: '{what}'}}}}}",
            "`{what}` is no placeholder",
        ),
        (
            "services: {web: {image: x, command: [x], stop_signal: SIGFOO, x-shipway: {process: {}}}}",
            "SIGFOO",
        ),
    ];
    for (yaml, reason) in cases {
        let mut bad = spec.clone();
        bad.services.extend(services(yaml));
        let error = world.runtime.start(&bad).await.unwrap_err();
        assert!(matches!(error, Error::NotRunnable { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(world.list().await.is_empty());
    }
}

#[tokio::test]
async fn an_operator_may_stop_a_supervisor_by_signal() {
    let world = World::new(&[SERVE]);
    world.start(1, &web("./serve.sh", "restart: always")).await;
    let instance = world.instance("web-1").await;
    let supervisor = world.supervisor("web-1");
    crate::support::kill(supervisor, rustix::process::Signal::TERM);
    until_gone(supervisor).await;
    assert!(!is_alive(pid_of(&instance)));
    assert!(has_exited(&world.instance("web-1").await));
}

#[tokio::test]
async fn a_supervisor_is_small() {
    let world = World::new(&[SERVE]);
    world.start(1, &web("./serve.sh", "")).await;
    let supervisor = world.supervisor("web-1");
    let status = std::fs::read_to_string(format!("/proc/{supervisor}/status")).unwrap();
    let field = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert_eq!(field("Threads:"), 1);
    // Its own memory, without pages of the program that all supervisors share.
    assert!(field("RssAnon:") < 5 * 1024, "{status}");
}

#[tokio::test]
async fn a_crash_while_starting_or_removing_stands_in_nobodys_way() {
    let world = World::new(&[SERVE]);
    let spec = world.spec(1, &web("./serve.sh", "")).await;
    let directory = world.instance_directory("web-1");
    for leftover in [directory.clone(), directory.with_file_name(".new-web-1")] {
        std::fs::create_dir_all(&leftover).unwrap();
        std::fs::write(leftover.join("log"), "left").unwrap();
    }
    assert!(world.list().await.is_empty());
    world.runtime.start(&spec).await.unwrap();
    assert_eq!(world.list().await.len(), 1);
    assert!(is_alive(pid_of(&world.instance("web-1").await)));
    let names = std::fs::read_dir(directory.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 3, "the instance, the epoch and the locks");
}

#[tokio::test]
async fn what_a_crash_left_goes_with_its_colour() {
    let world = World::new(&[SERVE]);
    let left = world
        .instance_directory("web-1")
        .with_file_name(".new-web-1");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("spec.json"), "may hold secrets").unwrap();
    let stopped = world.runtime.stop(&key(), None).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::WasGone);
    assert!(!left.exists());
}
