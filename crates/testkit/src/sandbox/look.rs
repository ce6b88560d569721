//! What is so in a sandbox: what answers, what the program says, what runs.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::Value;

use super::Sandbox;
use crate::client::{self, Answer, Socket};
use crate::process::{self, Process, Purpose};
use crate::wait::{LOOK_AGAIN, PATIENCE, wait_until};

impl Sandbox {
    /// The port that an environment listens on.
    ///
    /// # Panics
    /// When there is no such environment.
    pub fn port(&self, environment: &str) -> u16 {
        let all = self.environments.borrow();
        let found = all.iter().find(|(one, _)| one.name == environment);
        found.expect("the environment was added").1.port
    }

    /// Asks an environment for a path, through its proxy.
    ///
    /// # Errors
    /// There was no answer.
    pub fn get(&self, environment: &str, path: &str) -> std::io::Result<Answer> {
        self.get_as(environment, "localhost", path)
    }

    /// Asks a host at an environment's address for a path.
    ///
    /// # Errors
    /// There was no answer.
    pub fn get_as(&self, environment: &str, host: &str, path: &str) -> std::io::Result<Answer> {
        client::get(self.port(environment), host, path)
    }

    /// Opens a connection that is upgraded, through an environment's proxy.
    ///
    /// # Errors
    /// There was no answer, or another.
    pub fn socket(&self, environment: &str) -> std::io::Result<Socket> {
        Socket::open(self.port(environment), "/socket")
    }

    /// The release that answers an environment's requests.
    ///
    /// # Panics
    /// When there is no good answer.
    #[track_caller]
    pub fn answering(&self, environment: &str) -> String {
        let answer = self.get(environment, "/").expect("the proxy answers");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.release
    }

    /// An environment's status.
    #[track_caller]
    pub fn status(&self, environment: &str) -> Value {
        let all = self.run_well(["status", environment, "--json"]).json();
        all[0].clone()
    }

    /// All deployments, the newest first.
    #[track_caller]
    pub fn history(&self) -> Vec<Value> {
        let all = self.run_well(["history", "-n", "100000", "--json"]).json();
        all.as_array().expect("it is a list").clone()
    }

    /// A deployment with its plan and journal.
    #[track_caller]
    pub fn show(&self, deployment: &str) -> Value {
        self.run_well(["show", deployment, "--json"]).json()
    }

    /// The sandbox's processes.
    pub fn processes(&self) -> Vec<Process> {
        process::below(&self.root)
    }

    /// Checks that the only processes are the proxy and the instances that are live, each with
    /// its supervisor, and that no deployment is under way.
    ///
    /// # Panics
    /// When there are others, or one is missing.
    #[track_caller]
    pub fn assert_nothing_is_left(&self) {
        let all = self.run_well(["status", "--json"]).json();
        let mut expected = BTreeSet::new();
        for status in all.as_array().into_iter().flatten() {
            assert!(status["deployment"].is_null(), "not over: {status:#}");
            let deployment = status["live"]["deployment"].as_str();
            for instance in status["instances"].as_array().into_iter().flatten() {
                expected.insert(Purpose::Instance {
                    deployment: deployment.unwrap_or_default().to_owned(),
                    name: instance["id"].as_str().unwrap_or_default().to_owned(),
                });
            }
        }
        // A process that was killed takes a moment to be gone.
        let is_so = |found: &[Process]| {
            let of = |wanted: fn(&Purpose) -> bool| {
                found
                    .iter()
                    .map(|one| one.purpose.clone())
                    .filter(wanted)
                    .collect::<Vec<_>>()
            };
            let instances: BTreeSet<_> = of(|one| matches!(one, Purpose::Instance { .. }))
                .into_iter()
                .collect();
            let supervisors = of(|one| matches!(one, Purpose::Supervisor(_))).len();
            let others = of(|one| matches!(one, Purpose::Other)).len();
            let proxies = of(|one| matches!(one, Purpose::Proxy)).len();
            instances == expected && supervisors == expected.len() && others == 0 && proxies <= 1
        };
        let give_up = Instant::now() + PATIENCE;
        loop {
            let found = self.processes();
            if is_so(&found) {
                return;
            }
            assert!(
                Instant::now() < give_up,
                "live are {expected:#?}, but there are {found:#?}"
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// How much memory the proxy has, and whatever finishes for it: now, in bytes.
    pub fn proxy_memory(&self) -> u64 {
        let all = self.processes();
        let proxies = all.iter().filter(|one| one.purpose == Purpose::Proxy);
        let memory = proxies.filter_map(|one| process::memory(one.pid));
        memory.map(|memory| memory.now).sum()
    }

    /// How much memory a command had at most of all that were waited for, in bytes.
    pub fn commands_memory(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// The proxy's process.
    ///
    /// # Panics
    /// When none runs.
    pub fn proxy_pid(&self) -> u32 {
        wait_until("the proxy to run", || {
            let all = self.processes();
            let found = all.iter().find(|one| one.purpose == Purpose::Proxy);
            found.map(|one| one.pid)
        })
    }
}
