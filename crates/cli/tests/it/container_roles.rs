//! Services beside the one that takes the requests, in containers: who of them is alive when.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Sandbox, docker};

use crate::common::{PROGRAM, deployed};

/// A worker takes three seconds for the job that it has in hand when it is told to stop.
const SERVICES: &str = "services:
  worker:
    image: python:3.13-slim
    init: true
    command: [sh, -c, 'trap \"echo told; sleep 3; echo finished >>/jobs/$$SHIPWAY_DEPLOYMENT; exit 0\" TERM; while :; do sleep 0.1; done']
    volumes: ['jobs:/jobs']
    stop_grace_period: 30s
  beat:
    image: python:3.13-slim
    init: true
    command: [sh, -c, 'trap \"exit 0\" TERM; while :; do sleep 0.1; done']
    stop_grace_period: 10s
  broken:
    image: python:3.13-slim
    command: [sh, -c, 'exit 1']
  missing:
    image: python:3.13-slim
    command: [/no/such/program]
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace("docker-compose.yml", "services:\n", SERVICES);
    sandbox.replace(
        "docker-compose.yml",
        "volumes:\n  data",
        "volumes:\n  jobs: {}\n  data",
    );
    let roles = "services:\n  worker: { role: worker }\n  beat: { role: singleton }\n  \
                 broken: { role: tool }\n  missing: { role: tool }\n";
    sandbox.replace("shipway.yml", "services:\n", roles);
    sandbox.release(Behaviour::Good);
    sandbox
}

/// Follows what the engine says of the project's containers: it forgets the older part soon.
struct Events {
    child: Child,
    lines: JoinHandle<Vec<String>>,
}

impl Events {
    fn follow(sandbox: &Sandbox) -> Self {
        let label = format!("label=shipway.project={}", sandbox.project_name());
        let mut child = Command::new("docker")
            .args(["events", "--filter", &label, "--filter", "event=start"])
            .args(["--filter", "event=die", "--format", "{{json .}}"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Docker CLI is installed");
        let output = child.stdout.take().expect("it is piped");
        let lines = std::thread::spawn(move || {
            let lines = BufReader::new(output).lines();
            lines.map_while(Result::ok).collect()
        });
        Self { child, lines }
    }

    /// The names of a service's containers, whether they started or ended, and when.
    fn of(mut self, service: &str) -> Vec<(String, bool, u64)> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        let end = format!("-{service}-1");
        let lines = self.lines.join().expect("it reads to the end");
        let events = lines.iter().filter_map(|line| {
            let event: Value = serde_json::from_str(line).expect("it is JSON");
            let name = event["Actor"]["Attributes"]["name"].as_str()?.to_owned();
            let at = event["timeNano"].as_u64()?;
            name.ends_with(&end)
                .then(|| (name, event["Action"] == "start", at))
        });
        events.collect()
    }
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn workers_finish_singletons_are_never_two_and_tools_hold_nothing_up() {
    let sandbox = sandbox();
    let events = Events::follow(&sandbox);
    // Neither tool ever runs.
    let first = sandbox.run_well(["deploy", "testing"]);
    first.expect_told(&["✓", "a tool does not start"]);
    let mut last = String::new();
    for number in 2..=3 {
        sandbox.release(Behaviour::Good);
        let planned = sandbox.run_well(["plan", "testing"]).stdout;
        assert!(
            planned.contains("`beat` is stopped before the new one starts"),
            "{planned}"
        );
        last = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
        let shown = sandbox.show(&format!("d{number}")).to_string();
        // The web and the worker.
        assert!(shown.contains(r#""gracefully":2,"killed":0"#), "{shown}");
    }
    assert_eq!(sandbox.answering("testing"), last);

    // Each worker that was told to stop had the time for what it had in hand.
    let names = sandbox.containers();
    let worker = names
        .iter()
        .find(|name| name.ends_with("-worker-1"))
        .expect("it runs");
    let finished = docker(&["exec", worker, "ls", "/jobs"]);
    assert_eq!(finished.lines().collect::<Vec<_>>(), ["d1", "d2"]);

    // By the engine's own account, never two of the singleton, and the gaps between them.
    let mut alive = BTreeMap::new();
    let mut ended = None;
    let mut starts = 0;
    for (name, is_start, at) in events.of("beat") {
        if is_start {
            starts += 1;
            assert!(alive.is_empty(), "{name} started beside {alive:?}");
            if let Some(ended) = ended {
                println!("no singleton for {} ms", (at - ended) / 1_000_000);
            }
            alive.insert(name, at);
        } else {
            alive.remove(&name);
            ended = Some(at);
        }
    }
    assert_eq!((starts, alive.len()), (3, 1));
}
