//! Two projects that share a host, each with its own paths.

use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{deployed, sandbox_with, text};

const HOST: &str = "shop.example.org";

/// A project with these paths of the host at an address.
fn project(name: &str, port: Option<u16>, paths: &str) -> Sandbox {
    let sandbox = sandbox_with([Environment::new("testing")]);
    let listen = port.unwrap_or_else(|| sandbox.port("testing"));
    let route = format!("{{ listen: {listen}, host: {HOST}, {paths} }}");
    sandbox.add(Environment::new("testing").with("route", &route));
    sandbox.replace("shipway.yml", "project: app", &format!("project: {name}"));
    sandbox.release(Behaviour::Good);
    sandbox
}

fn deploy(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

/// The status and the release of an answer.
fn asked(shop: &Sandbox, path: &str) -> (u16, String) {
    let answer = shop.get_as("testing", HOST, path);
    let answer = answer.expect("the proxy answers");
    (answer.status, answer.release)
}

#[test]
fn two_projects_have_a_part_of_a_host_each() {
    let shop = project("shop", None, "paths: [/]");
    let port = Some(shop.port("testing"));
    // One proxy serves both.
    let blog = project("blog", port, "paths: [/blog], strip_prefix: true");
    let proxy = shop.proxy().display().to_string();
    blog.set_variable("SHIPWAY_PROXY_DIR", &proxy);

    let first = deploy(&shop);
    assert_eq!(asked(&shop, "/blog"), (200, first.clone()));
    let second = deploy(&blog);
    for path in ["/", "/blogs", "/health/", "/Blog"] {
        assert_eq!(asked(&shop, path), (200, first.clone()), "{path}");
    }
    // The prefix is off: the application answers these paths, and no others.
    for path in ["/blog", "/blog/", "/blog/slow/1", "/blog/health/"] {
        assert_eq!(asked(&shop, path), (200, second.clone()), "{path}");
    }
    // What some would read as the other project's goes to nobody.
    assert_eq!(asked(&shop, "/x/../blog").0, 400);

    // Each goes on by itself, and ends by itself.
    shop.release(Behaviour::Good);
    let third = deploy(&shop);
    assert_eq!(asked(&shop, "/"), (200, third.clone()));
    assert_eq!(asked(&shop, "/blog"), (200, second.clone()));
    blog.release(Behaviour::Good);
    let fourth = deploy(&blog);
    assert_eq!(asked(&shop, "/blog"), (200, fourth));
    let back = blog.run_well(["rollback", "testing", "--json"]).json();
    assert_eq!(deployed(&back), second);
    assert_eq!(asked(&shop, "/blog"), (200, second));
    for sandbox in [&shop, &blog] {
        assert_eq!(text(&sandbox.status("testing"), "/routed"), "live");
    }
    // Its part stays its own when it ends: nobody meets the other project there.
    blog.run_well(["down", "testing", "--confirm", "testing"]);
    assert_eq!(asked(&shop, "/blog"), (503, String::new()));
    assert_eq!(asked(&shop, "/"), (200, third));
}

#[test]
fn a_path_that_another_project_has_is_refused_before_anything_starts() {
    let shop = project("shop", None, "paths: [/, /blog]");
    let blog = project("blog", Some(shop.port("testing")), "paths: [/blog]");
    let proxy = shop.proxy().display().to_string();
    blog.set_variable("SHIPWAY_PROXY_DIR", &proxy);
    let first = deploy(&shop);
    let ended = blog.run(["deploy", "testing"]).expect_code(3);
    ended.expect_told(&[
        "`shop.example.org/blog`",
        "shop/testing",
        "preparing failed",
    ]);
    assert_eq!(asked(&shop, "/blog"), (200, first));
    shop.assert_nothing_is_left();
}
