//! The command is killed at every point while the application is containers of a real engine.

use shipway_testkit::{Environment, Sandbox};

use super::{Case, Next, Runtime, What, kill_everywhere};
use crate::common::PROGRAM;

/// A few of each way: a kill and what follows it take ten seconds.
const USUAL_STRIDE: u64 = 31;

/// A sandbox of containers, and how many points are usually passed over.
pub(super) fn sandbox(environment: Environment) -> (Sandbox, u64) {
    let quick = environment.with(
        "bake",
        "{ duration: 100ms, interval: 50ms, min_requests: 5, max_latency_ratio: 1000, latency_floor: 30s }",
    );
    (Sandbox::with_containers(PROGRAM, [quick]), USUAL_STRIDE)
}

macro_rules! crashes {
    ($($name:ident: $what:ident, $next:ident;)*) => {$(
        #[test]
        #[ignore = "needs a Docker Engine: `cargo xtask test`"]
        fn $name() {
            kill_everywhere(Case {
                name: stringify!($name),
                what: What::$what,
                strategy: "blue-green",
                next: Next::$next,
                runtime: Runtime::Containers,
            });
        }
    )*};
}
crashes! {
    blue_green_is_resumed: Replace, Resume;
    blue_green_makes_way: Replace, Newer;
    blue_green_is_aborted: Replace, Abort;
    a_rollback_is_resumed: Rollback, Resume;
    a_rollback_makes_way: Rollback, Newer;
}
