//! The proxy is killed at every point of an order, and so is the one after it.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use shipway_pipeline::route::Challenge;
use shipway_proxy::{Options, Paths};
use shipway_testkit::{Counted, Trouble};
use tempfile::TempDir;

use super::*;

const DIR: &str = "SHIPWAY_TEST_ACME_DIR";

/// Only each so manieth point; `cargo xtask prove crashes` has a stride of 1.
const STRIDE: &str = "SHIPWAY_CRASH_STRIDE";
/// Only this point, at which a campaign ended.
const POINT: &str = "SHIPWAY_CRASH_POINT";
/// A dozen, in as much time as a test may take.
const USUAL_STRIDE: u64 = 7;

/// Not a test: the proxy that the test below runs as a process of its own.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut options = Options::new(dir);
    // It goes on at once, whatever came to nothing.
    options.limits.issue_again = Duration::ZERO;
    shipway_proxy::run(options).unwrap();
}

/// A proxy that dies at a point, or at none.
fn spawn(dir: &Path, point: Option<u64>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "acme::crashes::child", "--nocapture"])
        .env(DIR, dir);
    if let Some(point) = point {
        command.env("SHIPWAY_CRASH_AT", point.to_string());
    }
    command.spawn().unwrap()
}

/// A directory whose proxy has the shop's route, and has asked for nothing.
async fn prepared(shop: &Shop) -> TempDir {
    shop.authority.trouble(Some(Trouble::Down));
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new(dir.path());
    let mut child = spawn(dir.path(), None);
    let (client, _) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
    let route = shop.route(&[Challenge::Http]).await;
    client.put_route(&route).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    shop.authority.trouble(None);
    dir
}

/// Waits until the certificate is there and nothing is on its way, or the process is dead.
async fn is_issued(dir: &Path, child: &mut Child) -> bool {
    let client = Client::new(Paths::new(dir).control());
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(status) = client.status().await {
            let tls = status.routes.into_iter().find_map(|route| route.tls);
            let issued = tls.unwrap().issued.remove(0);
            if issued.ends.is_some() && !issued.is_asked_for && issued.next.is_some() {
                assert_eq!(issued.problem, None);
                return true;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// A file of the host's, wherever it is kept.
fn file(dir: &Path, name: &str) -> Option<PathBuf> {
    let authority = std::fs::read_dir(dir.join("acme")).ok()?.next()?;
    let path = authority.unwrap().path().join("hosts").join(name);
    path.exists().then_some(path)
}

/// Whether a killed one has left an order to go on with, or what came of it.
fn has_order(dir: &Path) -> bool {
    let record = file(dir, &format!("{HOST}.json"));
    let record = record.map(|path| std::fs::read_to_string(path).unwrap());
    record.is_some_and(|text| text.contains("\"order\""))
        || file(dir, &format!("{HOST}.pem")).is_some()
}

fn since(before: Counted, now: Counted) -> (usize, usize, usize) {
    (
        now.accounts - before.accounts,
        now.orders - before.orders,
        now.certificates - before.certificates,
    )
}

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The points that are tried: each so manieth, until nobody comes to one, or one that is asked for.
fn points() -> Box<dyn Iterator<Item = u64>> {
    match asked(POINT) {
        Some(only) => Box::new(std::iter::once(only)),
        None => Box::new((1..).step_by(asked(STRIDE).unwrap_or(USUAL_STRIDE) as usize)),
    }
}

#[tokio::test]
async fn an_order_is_gone_on_with_wherever_its_proxy_died() {
    let shop = Shop::new();
    let template = prepared(&shop).await;
    let (mut kills, mut unkept) = (0, 0);
    for point in points() {
        let before = shop.authority.counted();
        let dir = tempfile::tempdir().unwrap();
        let routes = |dir: &TempDir| Paths::new(dir.path()).routes();
        std::fs::copy(routes(&template), routes(&dir)).unwrap();
        let mut needed = 1;
        let mut is_killed = false;
        // Over all points, the second one dies at all of them as well.
        for at in [Some(point), Some(1 + point * 7 % 61), None] {
            let mut child = spawn(dir.path(), at);
            if is_issued(dir.path(), &mut child).await {
                shop.assert_served().await;
                child.kill().unwrap();
                child.wait().unwrap();
                break;
            }
            assert_eq!(child.wait().unwrap().signal(), Some(9), "point {point}");
            (is_killed, kills) = (true, kills + 1);
            let (_, made, _) = since(before, shop.authority.counted());
            // An order that nobody wrote down is the one thing that is lost.
            unkept += usize::from(made == needed && !has_order(dir.path()));
            needed = made + usize::from(!has_order(dir.path()));
        }
        let counted = since(before, shop.authority.counted());
        assert_eq!(counted, (1, needed, 1), "point {point}");
        if !is_killed {
            break;
        }
    }
    println!("{kills} kills, {unkept} of them between an order and its record");
    assert!(kills > 0, "nobody was killed");
}
