//! Migrations as part of deployments: the storefront's own, on a real PostgreSQL server.

mod shop;

use shipway_testkit::wait_until;

use crate::common::{assert_live, deployed, text};
use shop::{Shop, Visitors, steps};

const FIRST: &str = "0001_initial";

const REQUIRED: &str = "brand = models.CharField(max_length=40, default=\"\")";
const OPTIONAL: &str = "brand = models.CharField(max_length=40, null=True)";

/// Adds the field of [`OPTIONAL`] by a safe migration, and deploys.
fn add_brand(shop: &Shop) -> String {
    shop.field(OPTIONAL);
    shop.migration(
        "0002_brand",
        FIRST,
        "    operations = [\n        migrations.AddField(\"product\", \"brand\", \
         models.CharField(max_length=40, null=True)),\n    ]",
    );
    shop.deploy()
}

/// Takes it away again; nothing is deployed.
fn remove_brand(shop: &Shop) {
    shop.without_field(OPTIONAL);
    shop.migration(
        "0003_no_brand",
        "0002_brand",
        "    operations = [migrations.RemoveField(\"product\", \"brand\")]",
    );
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn an_unsafe_migration_is_refused_and_its_safe_rewrite_goes_live() {
    let (shop, first) = Shop::new();
    let sandbox = &shop.sandbox;
    shop.field(REQUIRED);
    shop.migration(
        "0002_brand",
        FIRST,
        "    operations = [\n        migrations.AddField(\"product\", \"brand\", \
         models.CharField(max_length=40, default=\"\")),\n    ]",
    );
    for command in ["plan", "deploy"] {
        let refused = sandbox.run([command, "testing"]).expect_code(3);
        refused.expect_told(&[
            "the migrations are not safe to run in `testing`",
            "error[add-required]",
            "shop/catalogue/migrations/0002_brand.py:8:9",
            "db_default",
            "hint:",
        ]);
    }
    assert_live(sandbox, "testing", &first);
    assert!(!shop.has_column("brand"));
    shop.without_field(REQUIRED);
    let visitors = Visitors::of(&shop);
    let second = add_brand(&shop);
    visitors.all_served();
    assert_live(sandbox, "testing", &second);
    assert!(shop.has_column("brand"));
    let shown = shop.newest();
    let detail = shown["journal"].as_array().expect("a list").iter();
    let detail = detail.map(|record| &record["entry"]["detail"]);
    let migrated = detail.clone().find(|one| one["detail"] == "migrated");
    let migrated = migrated.unwrap_or_else(|| panic!("{shown:#}"));
    assert_eq!(migrated["changed"][0], "catalogue.0002_brand");
    assert_eq!(migrated["before"]["catalogue"], FIRST);
    assert_eq!(migrated["after"]["catalogue"], "0002_brand");
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn what_the_old_release_needs_goes_once_it_is_gone() {
    let (shop, _) = Shop::new();
    let sandbox = &shop.sandbox;
    add_brand(&shop);
    remove_brand(&shop);
    // Nobody loses data without having said so.
    sandbox.run(["deploy", "testing"]).expect_code(2);
    let plan = sandbox.run_well(["plan", "testing"]);
    for told in [
        "catalogue.0003_no_brand (contract: once the old release is gone; loses catalogue_product.brand)",
        "data loss",
        "point of no return",
        "settled by waiting",
    ] {
        assert!(plan.stdout.contains(told), "no {told:?} in {plan}");
    }
    let visitors = Visitors::of(&shop);
    let third = shop.deploy();
    visitors.all_served();
    assert!(!shop.has_column("brand"));
    let done = steps(&shop.newest());
    let at = |step: &str| {
        let found = done.iter().position(|one| one == step);
        found.unwrap_or_else(|| panic!("no {step} in {done:?}"))
    };
    assert!(at("migrate expand") < at("start target"));
    assert!(at("stop previous") < at("migrate contract"));
    assert!(at("mark_stable") < at("migrate contract"));
    assert_live(sandbox, "testing", &third);
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn a_release_comes_back_once_the_migrations_are_taken_back_that_it_misses() {
    let (shop, _) = Shop::new();
    let sandbox = &shop.sandbox;
    let second = add_brand(&shop);
    remove_brand(&shop);
    shop.deploy();
    let refused = sandbox.run(["rollback", "testing", "--yes"]).expect_code(3);
    refused.expect_told(&[
        "cannot run on the database",
        "drops the column `catalogue_product.brand`",
    ]);
    let back = ["migrations", "rollback", "testing", "--to", &second];
    let told = sandbox.run([back[0], back[1], back[2], back[3], back[4], "--dry-run"]);
    assert!(
        told.expect_code(0)
            .stdout
            .contains("catalogue.0003_no_brand")
    );
    let told = sandbox.run([
        back[0], back[1], back[2], back[3], back[4], "--yes", "--json",
    ]);
    assert_eq!(text(&told.expect_code(0).json(), "/outcome"), "succeeded");
    assert!(shop.has_column("brand"));
    assert_eq!(shop.leaf(), "0002_brand");
    let told = sandbox.run_well(["rollback", "testing", "--yes", "--json"]);
    assert_eq!(deployed(&told.json()), second);

    // Backwards beyond what runs is refused, and nothing more is to be done.
    let refused = sandbox
        .run(["migrations", "rollback", "testing", "--yes"])
        .expect_code(0);
    assert!(refused.stderr.contains("nothing to do"), "{refused}");
    let status = sandbox.run_well([
        "migrations",
        "status",
        "testing",
        "--commit",
        "main",
        "--json",
    ]);
    let status = status.json();
    assert_eq!(
        text(&status, "/migrations/pending/0/name"),
        "catalogue.0003_no_brand"
    );
    assert_eq!(text(&status, "/migrations/pending/0/turn"), "contract");
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn what_the_live_release_needs_is_not_taken_back() {
    let (shop, first) = Shop::new();
    let sandbox = &shop.sandbox;
    let second = add_brand(&shop);
    let back = ["migrations", "rollback", "testing", "--to", &first, "--yes"];
    let refused = sandbox.run(back).expect_code(3);
    refused.expect_told(&[
        "needs `catalogue_product.brand`",
        "shipway rollback testing",
    ]);
    assert_live(sandbox, "testing", &second);
    sandbox.run_well(["rollback", "testing", "--yes"]);
    // Its data goes: the environment's name is the answer.
    sandbox.run(back).expect_code(2);
    sandbox.run_well([
        "migrations",
        "rollback",
        "testing",
        "--to",
        &first,
        "--confirm",
        "testing",
    ]);
    assert!(!shop.has_column("brand"));
    assert_eq!(shop.leaf(), FIRST);
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn a_lock_that_somebody_holds_is_waited_for_a_few_times() {
    let (shop, first) = Shop::new();
    let sandbox = &shop.sandbox;
    let held = shop.hold("ACCESS SHARE");
    shop.field(OPTIONAL);
    shop.migration(
        "0002_brand",
        FIRST,
        "    operations = [\n        migrations.AddField(\"product\", \"brand\", \
         models.CharField(max_length=40, null=True)),\n    ]",
    );
    let visitors = Visitors::of(&shop);
    let failed = sandbox.run(["deploy", "testing", "--yes"]).expect_code(3);
    failed.expect_told(&[
        "another session held a lock for longer than 300 ms at each of 3 attempts",
        "nothing was applied",
    ]);
    visitors.all_served();
    assert_live(sandbox, "testing", &first);
    let mut running = sandbox.start(["deploy", "testing", "--yes"]);
    running.wait_for_output("trying again");
    drop(held);
    running.finish().expect_code(0);
    assert!(shop.has_column("brand"));
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn a_half_built_index_is_found_and_explained() {
    let (shop, first) = Shop::new();
    let held = shop.hold("ROW EXCLUSIVE");
    shop.migration(
        "0002_index",
        FIRST,
        "    atomic = False\n    operations = [\n        AddIndexConcurrently(\"product\", \
         models.Index(fields=[\"stock\"], name=\"by_stock\")),\n    ]",
    );
    let failed = shop
        .sandbox
        .run(["deploy", "testing", "--yes"])
        .expect_code(3);
    failed.expect_told(&["`by_stock`", "INVALID", "DROP INDEX CONCURRENTLY"]);
    assert_live(&shop.sandbox, "testing", &first);
    drop(held);
    // The next attempt meets what was left, and says the same.
    let failed = shop
        .sandbox
        .run(["deploy", "testing", "--yes"])
        .expect_code(3);
    failed.expect_told(&["INVALID"]);
    shop.say("DROP INDEX CONCURRENTLY by_stock");
    shop.deploy();
    assert_eq!(shop.leaf(), "0002_index");
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn killed_in_the_middle_and_resumed_nothing_runs_twice() {
    let (shop, _) = Shop::new();
    let sandbox = &shop.sandbox;
    let hold = sandbox.root().join("hold");
    std::fs::write(&hold, "").expect("it can be written");
    let row = |name: &str| {
        format!(
            "apps.get_model(\"catalogue\", \"Category\").objects.create(name=\"{name}\", slug=\"{name}\")"
        )
    };
    let code = |wait: &str, name: &str| {
        format!(
            "    operations = [migrations.RunPython(lambda apps, _: ({wait}{}), \
             migrations.RunPython.noop)]",
            row(name)
        )
    };
    shop.migration("0002_one", FIRST, &code("", "one"));
    let wait = format!(
        "__import__(\"subprocess\").run([\"sh\", \"-c\", \"while test -e {}; do sleep 0.05; done\"]), ",
        hold.display()
    );
    shop.migration("0003_two", "0002_one", &code(&wait, "two"));
    let running = sandbox.start(["deploy", "testing", "--yes"]);
    wait_until("the first migration", || {
        (shop.leaf() == "0002_one").then_some(())
    });
    running.kill();
    std::fs::remove_file(&hold).expect("it is there");
    sandbox.run_well(["resume", "testing"]);
    assert_eq!(shop.leaf(), "0003_two");
    for name in ["one", "two"] {
        let count = shop.say(&format!(
            "SELECT count(*) FROM catalogue_category WHERE name = '{name}'"
        ));
        assert_eq!(count, "1", "{name}");
    }
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn what_could_not_be_taken_away_is_told_and_done_later() {
    let (shop, _) = Shop::new();
    let sandbox = &shop.sandbox;
    add_brand(&shop);
    remove_brand(&shop);
    let held = shop.hold("ACCESS SHARE");
    // The release is live and stable by then: it stays.
    let told = sandbox.run_well(["deploy", "testing", "--yes"]);
    told.expect_told(&["is live in testing", "another session held a lock"]);
    assert!(shop.has_column("brand"));
    drop(held);
    let status = sandbox.run_well(["migrations", "status", "testing"]);
    assert!(
        status.stdout.contains("catalogue.0003_no_brand"),
        "{status}"
    );
    let apply = ["migrations", "apply", "testing", "--confirm", "testing"];
    sandbox.run_well(apply);
    assert!(!shop.has_column("brand"));
    let told = sandbox.run_well(apply);
    assert!(told.stderr.contains("nothing to do"), "{told}");
}

#[test]
#[ignore = "needs a PostgreSQL server and the storefront's packages"]
fn what_has_no_reverse_is_told_before_anything_is_taken_back() {
    let (shop, first) = Shop::new();
    let sandbox = &shop.sandbox;
    shop.migration(
        "0002_code",
        FIRST,
        "    operations = [migrations.RunPython(lambda apps, _: None)]",
    );
    shop.migration(
        "0003_code",
        "0002_code",
        "    operations = [migrations.RunPython(lambda apps, _: None, migrations.RunPython.noop)]",
    );
    shop.deploy();
    let back = ["migrations", "rollback", "testing", "--to", &first, "--yes"];
    let refused = sandbox.run(back).expect_code(3);
    refused.expect_told(&["`catalogue.0002_code` (RunPython) cannot be taken back"]);
    assert_eq!(shop.leaf(), "0003_code");
}
