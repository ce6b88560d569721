//! One-off tasks.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use shipway_runtime::{ColourSpec, Error, Exit, Line, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::{World, drained, is_alive, key, number_in, until_gone, web, within};

/// A task that never ends by itself, with a descendant in a session of its own.
const ENDLESS: &str =
    "trap '' TERM; setsid sleep 1000 & echo far $!; echo main $$; sleep 1000; sleep 1000";

async fn world() -> (World, ColourSpec) {
    let world = World::new(&[("serve.sh", "#!/bin/sh\n")]);
    let spec = world
        .spec(1, &web("./serve.sh", "environment: {NAME: value}"))
        .await;
    (world, spec)
}

/// The pids that [`ENDLESS`] tells.
async fn pids(lines: &mut UnboundedReceiver<Line>) -> [u32; 2] {
    let mut pids = [0; 2];
    for pid in &mut pids {
        *pid = number_in(&within(lines.recv()).await.unwrap().text);
    }
    pids
}

#[tokio::test]
async fn output_is_streamed_and_the_exit_told() {
    let (world, spec) = world().await;
    let gate = world.home.path().join("gate");
    let made = Command::new("mkfifo").arg(&gate).status().unwrap();
    assert!(made.success());
    let line = format!(
        "echo $NAME $SHIPWAY_INSTANCE; cat {} >/dev/null; echo bad >&2; printf half; exit 5",
        gate.display()
    );
    let task = world.task(&spec, &line);
    let (sender, mut lines) = unbounded_channel();
    let run = world.runtime.run_task(&task, &sender);
    let watch = async {
        let first = within(lines.recv()).await.unwrap();
        assert_eq!((first.text.as_str(), first.is_error), ("value task", false));
        // It goes on only now: the line came before the task's end.
        tokio::fs::write(&gate, "").await.unwrap();
    };
    let (exit, ()) = tokio::join!(run, watch);
    assert_eq!(exit.unwrap(), Exit::Code(5));
    let rest = drained(lines);
    assert!(
        rest.contains(&Line {
            text: "bad".to_owned(),
            is_error: true
        }),
        "{rest:?}"
    );
    assert!(
        rest.contains(&Line {
            text: "half".to_owned(),
            is_error: false
        }),
        "{rest:?}"
    );
}

#[tokio::test]
async fn a_signal_and_a_missing_program_are_told() {
    let (world, spec) = world().await;
    let (sender, _lines) = unbounded_channel();
    let task = world.task(&spec, "kill -KILL $$");
    let exit = world.runtime.run_task(&task, &sender).await.unwrap();
    assert_eq!(exit, Exit::Signal(9));
    let mut task = world.task(&spec, "");
    let process = task.colour.services[0].process.as_mut().unwrap();
    process.command = Some(vec!["no-such-program".to_owned()]);
    let error = world.runtime.run_task(&task, &sender).await.unwrap_err();
    assert!(matches!(&error, Error::Start { instance, .. } if instance == "task"));
    assert!(error.to_string().contains("no-such-program"), "{error}");
}

#[tokio::test]
async fn a_task_is_killed_with_its_descendants_at_its_deadline() {
    let (world, spec) = world().await;
    let mut task = world.task(&spec, ENDLESS);
    task.deadline = Duration::from_secs(1);
    let (sender, mut lines) = unbounded_channel();
    let error = within(world.runtime.run_task(&task, &sender))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error}");
    // On a machine so slow that it said nothing within its deadline there is nothing to look at.
    while let Ok(line) = lines.try_recv() {
        assert!(!is_alive(number_in(&line.text)));
    }
}

#[tokio::test]
async fn a_task_ends_when_nobody_waits_for_it() {
    let (world, spec) = world().await;
    let task = world.task(&spec, ENDLESS);
    let (sender, mut lines) = unbounded_channel();
    let pids = tokio::select! {
        pids = pids(&mut lines) => pids,
        ended = world.runtime.run_task(&task, &sender) => panic!("ended: {ended:?}"),
    };
    for pid in pids {
        until_gone(pid).await;
    }
}

#[tokio::test]
async fn a_task_ends_when_its_caller_is_killed() {
    // The caller is another process: this test binary, running the test below.
    let home = tempfile::tempdir().unwrap();
    let told = home.path().join("told");
    let mut caller = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tasks::caller"])
        .env("CALLER_TELLS", &told)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pids = crate::support::eventually(async || {
        let text = std::fs::read_to_string(&told).ok()?;
        let (pids, _end) = text.split_once('.')?;
        Some(
            pids.split(' ')
                .map(|pid| pid.parse().unwrap())
                .collect::<Vec<u32>>(),
        )
    });
    let pids = pids.await.unwrap();
    assert!(pids.iter().copied().all(is_alive));
    crate::support::kill(caller.id(), Signal::KILL);
    caller.wait().unwrap();
    for pid in pids {
        until_gone(pid).await;
    }
}

/// Does nothing but when run by [`a_task_ends_when_its_caller_is_killed`].
#[tokio::test]
async fn caller() {
    let Ok(tells) = std::env::var("CALLER_TELLS") else {
        return;
    };
    let (world, spec) = world().await;
    let task = world.task(&spec, ENDLESS);
    let (sender, mut lines) = unbounded_channel();
    let tell = async {
        let [far, main] = pids(&mut lines).await;
        std::fs::write(&tells, format!("{far} {main}.")).unwrap();
        std::future::pending::<()>().await;
    };
    let (ended, ()) = tokio::join!(world.runtime.run_task(&task, &sender), tell);
    ended.unwrap();
}

#[tokio::test]
async fn a_task_of_a_deposed_holder_is_refused() {
    let (world, spec) = world().await;
    world.start(2, &web("./serve.sh", "")).await;
    let task = world.task(&spec, "echo done");
    let (sender, lines) = unbounded_channel();
    let error = world.runtime.run_task(&task, &sender).await.unwrap_err();
    assert!(error.to_string().contains("epoch 1"), "{error}");
    drop(sender);
    assert!(drained(lines).is_empty());
    world.runtime.stop(&key(), None).await.unwrap();
}
