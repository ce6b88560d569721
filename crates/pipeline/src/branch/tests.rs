use super::*;
use crate::config::parse;

fn config(per_branch: &str) -> Config {
    let text = format!(
        "project: shop
services:
  web: {{ role: web, port: 8000 }}
environments:
  development:
    branches: feature/*
    per_branch: {per_branch}
    route: {{ listen: 8001, host: '{{branch}}.dev.example.org' }}
"
    );
    parse(&text).unwrap()
}

fn known(branch: &str, used: u64) -> BranchEnvironment {
    let template: EnvironmentName = "development".parse().unwrap();
    BranchEnvironment {
        name: name_of(&template, branch).unwrap(),
        template,
        branch: branch.to_owned(),
        created: Timestamp(0),
        used: Timestamp(used),
        is_leaving: false,
    }
}

fn admitted(config: &Config, known: &[BranchEnvironment], branch: &str) -> Result<Place, Refusal> {
    let template = &config.templates[0];
    admit(
        template,
        template.per_branch.as_ref().unwrap(),
        known,
        branch,
    )
}

#[test]
fn a_label_is_harmless_whatever_the_branch_is_called() {
    let long = "x".repeat(300);
    let branches = [
        "cart",
        "Cart",
        "feature/cart",
        "feature-cart",
        "feature_cart",
        "../../etc/passwd",
        "a b",
        "größe",
        "日本",
        "-rf",
        "a.lock",
        "",
        &long,
        &long[..299],
        "$(reboot)",
        "a\nb",
    ];
    let labels: Vec<String> = branches.iter().map(|branch| slug(branch)).collect();
    for label in &labels {
        assert!((1..=LONGEST + 1 + DIGITS).contains(&label.len()), "{label}");
        assert!(!label.starts_with('-') && !label.ends_with('-'), "{label}");
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(label.bytes().all(is_plain), "{label}");
    }
    let mut different = labels.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), labels.len(), "{labels:?}");
    assert_eq!(slug("cart-2"), "cart-2");
    // Nobody gets another branch's place by choosing its label.
    assert_ne!(slug(&slug("feature/cart")), slug("feature/cart"));
}

#[test]
fn the_longest_template_and_branch_make_a_name() {
    let template: EnvironmentName = "t".repeat(LONGEST_TEMPLATE).parse().unwrap();
    assert_eq!(
        name_of(&template, &"X".repeat(200)).unwrap().as_str().len(),
        63
    );
}

#[test]
fn a_branch_keeps_its_place_and_gets_none_beyond_the_limit() {
    let config = config("{ limit: 2 }");
    let both = [known("feature/a", 5), known("feature/b", 3)];
    let place = admitted(&config, &both[..1], "feature/b").unwrap();
    assert_eq!((&place.name, place.displaces), (&both[1].name, None));
    assert_eq!(
        admitted(&config, &both, "feature/a").unwrap().name,
        both[0].name
    );
    let refused = admitted(&config, &both, "feature/c").unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("has 2 environments of branches")
    );
    // One that is about to go makes room, and comes back with its branch.
    let leaving = BranchEnvironment {
        is_leaving: true,
        ..known("feature/b", 3)
    };
    let known = [both[0].clone(), leaving];
    assert!(admitted(&config, &known, "feature/c").is_ok());
    assert!(admitted(&config, &known, "feature/b").is_ok());
}

#[test]
fn where_it_is_wanted_the_oldest_makes_room() {
    let config = config("{ limit: 2, when_full: remove_oldest }");
    let both = [known("feature/a", 5), known("feature/b", 3)];
    let place = admitted(&config, &both, "feature/c").unwrap();
    assert_eq!(place.displaces, Some(both[1].name.clone()));
    let other = BranchEnvironment {
        branch: "another".to_owned(),
        ..known("feature/c", 1)
    };
    let refused = admitted(&config, &[other], "feature/c").unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("belongs to the branch `another`")
    );
}

#[test]
fn what_nobody_pushed_to_for_long_is_outdated() {
    let one = [known("feature/a", 1_000)];
    let day = Timestamp(1_000 + 86_400_000);
    let config_with = |age: &str| config(&format!("{{ limit: 2{age} }}"));
    assert!(outdated(&config_with(", max_age: 1d"), &one, day).is_empty());
    let later = Timestamp(day.0 + 1);
    assert_eq!(
        outdated(&config_with(", max_age: 1d"), &one, later),
        [&one[0]]
    );
    assert!(outdated(&config_with(""), &one, later).is_empty());
}

#[test]
fn one_whose_template_is_gone_stays_for_a_while() {
    let text = "project: shop\nenvironments:\n  testing: { route: { listen: 8001 } }\n";
    let config = parse(text).unwrap();
    let one = [known("feature/a", 1_000)];
    let end = Timestamp(1_000).after(LONGEST_LEFTOVER);
    assert!(outdated(&config, &one, end).is_empty());
    assert_eq!(outdated(&config, &one, Timestamp(end.0 + 1)), [&one[0]]);
}

#[test]
fn an_environment_is_opened_under_its_own_name_and_host() {
    let mut config = config("{ limit: 2 }");
    assert!(config.environments.is_empty());
    config.open_branches(&[known("cart", 1)]);
    let opened = &config.environments[0];
    assert_eq!(opened.name.as_str(), "development/cart");
    assert_eq!(opened.route.hosts, ["cart.dev.example.org"]);
    assert!(opened.takes_branch("cart") && !opened.takes_branch("feature/x"));
    assert_eq!(opened.per_branch, None);
    // Its files are the template's.
    assert_eq!(
        opened.compose,
        ["docker-compose.yml", "docker-compose.development.yml"]
    );
}
