//! What instances write.

use std::fs;

use shipway_runtime::Runtime;
use shipway_runtime::process::LogLimits;

use crate::support::{World, has_exited, key, web};

#[tokio::test]
async fn old_output_gives_way_to_new() {
    let script = "#!/bin/sh\nfor i in $(seq 1 20000); do echo line $i; done\n";
    let mut world = World::new(&[("write.sh", script)]);
    let limits = LogLimits {
        bytes: 32 * 1024,
        files: 3,
    };
    world.runtime = world.runtime.clone().with_log_limits(limits);
    world.start(1, &web("./write.sh", "")).await;
    world.until("web-1", has_exited).await;
    let lines = world.logs("web-1", 4).await;
    assert_eq!(lines[..3], ["line 19998", "line 19999", "line 20000"]);
    assert_eq!(lines[3], "shipway: ended: exit code 0");
    let many = world.logs("web-1", 10_000).await;
    assert!(many.len() > 3_000, "{}", many.len());
    let names: Vec<String> = fs::read_dir(world.instance_directory("web-1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("log"))
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        let size = fs::metadata(world.instance_directory("web-1").join(name))
            .unwrap()
            .len();
        // A pipe's content at most is written before the size is looked at again.
        assert!(size <= limits.bytes + 64 * 1024, "{size}");
    }
}

#[tokio::test]
async fn both_streams_are_logged_in_order_and_what_is_no_text_too() {
    let script = "#!/bin/sh\necho one\necho two >&2\nprintf 'b\\377d\\n'\necho three\n";
    let world = World::new(&[("write.sh", script)]);
    world.start(1, &web("./write.sh", "")).await;
    world.until("web-1", has_exited).await;
    let lines = world.logs("web-1", 100).await;
    assert_eq!(lines[..4], ["one", "two", "b\u{fffd}d", "three"]);
}

#[tokio::test]
async fn the_last_part_of_a_log_outlives_its_instance_for_a_while() {
    let world = World::new(&[(
        "write.sh",
        "#!/bin/sh\necho deployment $SHIPWAY_DEPLOYMENT\n",
    )]);
    for number in 1..=7 {
        world.start(number, &web("./write.sh", "")).await;
        world.until("web-1", has_exited).await;
        world.runtime.stop(&key(), None).await.unwrap();
        let last = world.logs("web-1", 100).await;
        assert_eq!(last[0], format!("deployment d{number}"));
    }
    let old = world.state().join("logs/shop/production/blue/web-1");
    assert_eq!(fs::read_dir(old).unwrap().count(), 5);
    assert!(world.logs("web-2", 100).await.is_empty());
}
