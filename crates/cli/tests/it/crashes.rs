//! The command is killed at every point of every strategy, and so is what recovers.
//!
//! Points stand before and after each effect and each durable write of the command
//! (`shipway_runtime::crash_point`), so a kill is exact. Each is followed by a recovery that is
//! killed as well, and by one that is not. What holds afterwards is checked against everything that
//! can be asked: the environment, the processes, the files, the records, the events that the killed
//! command had told, and a load that went on throughout.

mod containers;
mod helpers;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use shipway_testkit::{Behaviour, Ended, Environment, Sandbox, Traffic};

use crate::campaign::{Progress, Repeat, asked};
use crate::common::{assert_live, sandbox_with, text};

/// Only each so manieth point; `cargo xtask prove crashes` has a stride of 1.
const STRIDE: &str = "SHIPWAY_CRASH_STRIDE";
/// Only this point, at which a campaign ended.
const POINT: &str = "SHIPWAY_CRASH_POINT";
/// A few of each way, in as much time as a test may take.
const USUAL_STRIDE: u64 = 23;

/// How many points a strategy has at most: far more, or the end would be missed.
const MOST: usize = 1_000;

/// What was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    First,
    Replace,
    Rollback,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Resume,
    Newer,
    Abort,
}

/// What the application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runtime {
    Processes,
    Containers,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    /// Its test's.
    name: &'static str,
    what: What,
    strategy: &'static str,
    next: Next,
    runtime: Runtime,
}

#[derive(Debug, Default)]
struct Counts {
    kills: u64,
    second_kills: u64,
    unrecorded: u64,
    old: u64,
    new: u64,
}

/// The points that are tried: each so manieth from the first on, or one that is asked for and one
/// that nobody comes to.
fn points(first: u64, usual_stride: u64) -> Box<dyn Iterator<Item = u64>> {
    let only = asked(POINT, 0) as u64;
    let stride = asked(STRIDE, usual_stride as usize);
    if only > 0 {
        return Box::new([only, u64::MAX].into_iter());
    }
    let first = 1 + (first - 1) % stride as u64;
    Box::new((first..).step_by(stride).take(MOST))
}

/// How a kill is repeated.
fn repeat(case: &str, point: u64, is_of_containers: bool) -> Repeat {
    let engine = if is_of_containers { " --engine" } else { "" };
    Repeat(format!("crashes --case {case} --point {point}{engine}"))
}

#[expect(clippy::print_stdout, reason = "the campaign shows what it counted")]
fn kill_everywhere(case: Case) {
    let environment = Environment::new("testing").with("strategy", case.strategy);
    let (sandbox, usual) = match case.runtime {
        Runtime::Processes => (sandbox_with([environment]), USUAL_STRIDE),
        Runtime::Containers => containers::sandbox(environment),
    };
    if case.what != What::First {
        sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
        sandbox.release(Behaviour::Good);
        sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    }
    let traffic = (case.what != What::First).then(|| Traffic::start(&sandbox, "testing"));
    let mut counts = Counts::default();
    let mut progress = Progress::new();
    let mut ended = false;
    // Each way begins elsewhere, so that together a few kills meet more points.
    for point in points(1 + case.next as u64 * 7, usual) {
        let _repeat = repeat(case.name, point, case.runtime == Runtime::Containers);
        ended = !kill_at(&sandbox, case, point, &mut counts);
        if ended {
            break;
        }
        progress.tell(|| format!("{}, point {point}: {counts:?}", case.name));
    }
    assert!(ended, "it does not end by itself");
    assert!(counts.kills > 0, "nobody was killed");
    println!("{}: {counts:?}", case.name);
    let told = sandbox.run_well(["audit", "verify"]);
    assert_eq!(told.code, Some(0));
    if let Some(traffic) = traffic {
        traffic.flow();
        let observed = traffic.stop(&sandbox, "testing");
        println!("{observed}");
        observed.assert_flawless();
    }
}

/// Kills the command at a point, and recovers. Whether there is such a point.
fn kill_at(sandbox: &Sandbox, case: Case, point: u64, counts: &mut Counts) -> bool {
    let mut before = sandbox.status("testing")["live"]["release"].clone();
    if case.what == What::First && before.is_string() {
        sandbox.run_well(["down", "testing", "--confirm", "testing"]);
        before = Value::Null;
    }
    if case.what != What::Rollback {
        sandbox.release(Behaviour::Good);
    }
    let words: &[&str] = match case.what {
        What::First | What::Replace => &["deploy", "testing", "--events"],
        What::Rollback => &["rollback", "testing", "--events"],
    };
    let killed = sandbox.run_dying(point, words);
    if killed.signal != Some(9) {
        let _ = killed.expect_code(0);
        return false;
    }
    counts.kills += 1;
    let context = format!(
        "{case:?}, {}",
        killed.stderr.lines().last().unwrap_or_default()
    );
    recover(sandbox, case, point, &context, counts);
    assert_told_is_recorded(sandbox, &killed, &context);
    assert_whole(sandbox, case, &before, &context, counts);
    true
}

/// Recovers, and is killed in the middle of it the first time.
fn recover(sandbox: &Sandbox, case: Case, point: u64, context: &str, counts: &mut Counts) {
    if sandbox.status("testing")["deployment"].is_null() {
        counts.unrecorded += 1;
    }
    let words: &[&str] = match case.next {
        Next::Resume => &["resume", "testing", "--events"],
        Next::Newer => &["deploy", "testing", "--events"],
        Next::Abort => &["abort", "testing"],
    };
    if case.next == Next::Newer {
        sandbox.release(Behaviour::Good);
    }
    // Over all kills, the second one comes at all points as well.
    let again = sandbox.run_dying(1 + point % 31, words);
    if again.signal == Some(9) {
        counts.second_kills += 1;
        let last = sandbox.start_words("tester", words).finish();
        assert_eq!(last.signal, None, "{context}: {last}");
        assert_told_is_recorded(sandbox, &again, context);
    }
}

/// Every record that a command had told of is there, and nothing is missing between them.
#[track_caller]
fn assert_told_is_recorded(sandbox: &Sandbox, killed: &Ended, context: &str) {
    for line in killed.stdout.lines() {
        // The last line may be half of one.
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let Some(record) = event.get("record") else {
            continue;
        };
        let deployment = event["deployment"]
            .as_str()
            .expect("a deployment has a name");
        let shown = sandbox.show(deployment);
        let journal = shown["journal"].as_array().expect("a list");
        assert!(
            journal.contains(record),
            "{context}: {record} is not in {shown:#}"
        );
    }
}

/// The environment is old or new, whole, and nothing is left over.
#[track_caller]
fn assert_whole(sandbox: &Sandbox, case: Case, before: &Value, context: &str, counts: &mut Counts) {
    // The killed one, the one before, and the one after.
    for one in sandbox.history().into_iter().take(3) {
        assert!(one["outcome"].is_string(), "{context}: not over: {one:#}");
        let shown = sandbox.show(text(&one, "/id"));
        let journal = shown["journal"].as_array().expect("a list");
        for (index, record) in journal.iter().enumerate() {
            assert_eq!(record["sequence"], index + 1, "{context}: {shown:#}");
        }
        let last = journal.last().expect("it tells what happened");
        assert_eq!(last["entry"]["entry"], "finished", "{context}: {shown:#}");
    }
    let live = sandbox.status("testing")["live"]["release"].clone();
    let Some(release) = live.as_str() else {
        assert!(
            case.what == What::First && before.is_null(),
            "{context}: nothing is live"
        );
        assert_nothing_is_left(sandbox, case);
        counts.old += 1;
        return;
    };
    if live == *before {
        counts.old += 1;
    } else {
        counts.new += 1;
    }
    match case.runtime {
        Runtime::Processes => assert_live(sandbox, "testing", release),
        Runtime::Containers => crate::containers::assert_live(sandbox, release),
    }
    assert_no_stray_files(sandbox, context);
}

#[track_caller]
fn assert_nothing_is_left(sandbox: &Sandbox, case: Case) {
    match case.runtime {
        Runtime::Processes => sandbox.assert_nothing_is_left(),
        Runtime::Containers => assert_eq!(sandbox.containers(), Vec::<String>::new()),
    }
}

/// Below `run` stand the live instances, and nothing that was on its way to a name.
#[track_caller]
fn assert_no_stray_files(sandbox: &Sandbox, context: &str) {
    let mut found = BTreeSet::new();
    collect(&sandbox.state().join("run"), &mut found);
    let stray = found.iter().find(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.starts_with(".new-") || name.ends_with(".new")
    });
    assert_eq!(stray, None, "{context}: {found:#?}");
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        found.insert(path.display().to_string());
        if path.is_dir() {
            collect(&path, found);
        }
    }
}

macro_rules! crashes {
    ($($name:ident: $what:ident, $strategy:literal, $next:ident;)*) => {$(
        #[test]
        fn $name() {
            kill_everywhere(Case {
                name: stringify!($name),
                what: What::$what,
                strategy: $strategy,
                next: Next::$next,
                runtime: Runtime::Processes,
            });
        }
    )*};
}
crashes! {
    a_first_one_is_resumed: First, "blue-green", Resume;
    a_first_one_makes_way: First, "blue-green", Newer;
    a_first_one_is_aborted: First, "blue-green", Abort;
    recreate_is_resumed: Replace, "recreate", Resume;
    recreate_makes_way: Replace, "recreate", Newer;
    recreate_is_aborted: Replace, "recreate", Abort;
    rolling_is_resumed: Replace, "rolling", Resume;
    rolling_makes_way: Replace, "rolling", Newer;
    rolling_is_aborted: Replace, "rolling", Abort;
    blue_green_is_resumed: Replace, "blue-green", Resume;
    blue_green_makes_way: Replace, "blue-green", Newer;
    blue_green_is_aborted: Replace, "blue-green", Abort;
    a_rollback_is_resumed: Rollback, "blue-green", Resume;
    a_rollback_makes_way: Rollback, "blue-green", Newer;
    a_rollback_is_aborted: Rollback, "blue-green", Abort;
}
