//! `shipway init`.

mod layouts;

use serde_json::Value;
use shipway_testkit::{Ended, Sandbox};

use crate::common::empty;
use layouts::{LAYOUTS, Layout};

const COMPOSE: &str = "services:\n  web:\n    image: shop\n    ports: [\"8000:8000\"]\n    command: python3 app.py\n    \
x-shipway: { process: {} }\n  db:\n    image: postgres:16\n";

#[test]
fn what_it_writes_is_valid_and_writing_again_loses_nothing() {
    let sandbox = empty();
    sandbox.write("docker-compose.yml", COMPOSE);
    let printed = sandbox.run_well(["init", "--print"]);
    assert!(!sandbox.project().join("shipway.yml").exists());

    sandbox
        .run_well(["init"])
        .expect_told(&["wrote ", "next: "]);
    let written = sandbox.read("shipway.yml");
    assert_eq!(written, printed.stdout);
    let first = written.lines().next().unwrap_or_default();
    let (_, schema) = first.split_once("$schema=").expect("editors are told");
    let printed = sandbox.run_well(["config", "--schema"]).stdout;
    assert_eq!(sandbox.read(schema), printed);
    let told = ["development", "testing", "staging", "production"];
    sandbox.run_well(["validate"]).expect_told(&told);
    for environment in told {
        let config = sandbox.run_well(["config", environment, "--json"]).json();
        assert_eq!(config["environment"]["name"], environment);
        assert_eq!(config["services"]["web"]["role"], "web");
    }

    let edited = format!("{written}# a line of my own\n");
    sandbox.write("shipway.yml", &edited);
    sandbox
        .run_well(["init"])
        .expect_told(&["exists and was left as it is"]);
    assert_eq!(sandbox.read("shipway.yml"), edited);
}

#[test]
fn without_a_compose_file_it_says_what_to_do() {
    let sandbox = empty();
    let ended = sandbox.run(["init"]);
    let told = [
        "error: there is no Compose file in ",
        "hint: write a docker-compose.yml",
    ];
    ended.expect_code(2).expect_told(&told);
    assert!(!sandbox.project().join("shipway.yml").exists());
}

fn lay_out(layout: &Layout) -> Sandbox {
    let sandbox = empty();
    for (path, text) in layout.files {
        sandbox.write(path, text);
    }
    sandbox
}

#[track_caller]
fn written(name: &str) -> String {
    let mut layouts = LAYOUTS.iter();
    let layout = layouts.find(|layout| layout.name == name);
    let sandbox = lay_out(layout.expect("it is in the table"));
    sandbox.run_well(["init", "--print"]).stdout
}

/// Checks that what is written is valid, but for variables that nobody but the user can set.
#[track_caller]
fn assert_valid(sandbox: &Sandbox, layout: &Layout) {
    let ended = sandbox.run(["validate", "--json"]);
    let report = ended.json();
    let findings = report["diagnostics"].as_array().expect("a list");
    let errors: Vec<&Value> = findings
        .iter()
        .filter(|one| one["level"] == "error")
        .collect();
    for error in &errors {
        let told = error.to_string();
        let is_known = layout.unset.iter().any(|name| told.contains(name));
        assert!(
            is_known,
            "{}: {error:#}\n{}",
            layout.name,
            sandbox.read("shipway.yml")
        );
    }
    assert_eq!(
        errors.is_empty(),
        layout.unset.is_empty(),
        "{}",
        layout.name
    );
    for name in layout.unset {
        sandbox.set_variable(name, "given");
    }
    sandbox.run_well(["validate"]);
}

#[test]
fn layouts_in_the_wild_are_recognised_and_what_is_written_is_valid() {
    for layout in LAYOUTS {
        let sandbox = lay_out(layout);
        let ended: Ended = sandbox.run_well(["init"]);
        ended.expect_told(layout.told);
        let written = sandbox.read("shipway.yml");
        for line in layout.written {
            let mut lines = written.lines();
            let has_it = lines.any(|one| one.trim() == *line);
            assert!(has_it, "{}: no `{line}` in\n{written}", layout.name);
        }
        assert_valid(&sandbox, layout);
    }
}

#[test]
fn developers_and_production_with_files_of_their_own() {
    let written = written("a file for developers, another that stands alone in production");
    insta::assert_snapshot!(written, @r#"
    # yaml-language-server: $schema=.shipway/shipway.schema.json
    # How Shipway takes this application from a git push to production.
    # `shipway config ENVIRONMENT` shows what holds, every default filled in.
    version: 1
    project: project

    # What each service is to a deployment:
    #   web        takes the requests, one instance set per colour
    #   worker     replaced with each release, takes no requests
    #   singleton  never two alive, such as a cron beat
    #   stateful   shared by all releases: database, cache, queue
    #   tool       shared, not part of health: adminer, mailhog
    services:
      web: { role: web, port: 8000 }   # runs `gunicorn`; the port is its command's
      db: { role: stateful }           # by its image, `postgres`
      # Shipway's proxy takes its place in front of `web`: take it out of the Compose files.
      # As long as it is there it holds port 1337.
      # Files that it serves itself, such as static files, have to come from `web` then.
      nginx: { role: tool }            # a proxy

    # Run once before a release starts, with its own code and environment.
    # There is a Django project: `app/manage.py`. Its settings are `config.settings.local` unless
    # DJANGO_SETTINGS_MODULE names others.
    migrate:
      service: web
      command: python manage.py migrate --noinput

    environments:
      # Feature branches, deployed with each push.
      development:
        branches: ["feature/*"]
        strategy: recreate
        bake: { duration: 5s, min_requests: 20 }
        compose: [docker-compose.yml]
        env_files: [.env.dev]
        route: { listen: 8001 }   # add `host: shop.example.org` to serve one host name
        health: { path: /healthz/ }   # from `app/config/urls.py`

      # The main branch, deployed with each push.
      testing:
        branches: [main]
        strategy: rolling
        bake: { duration: 10s, min_requests: 20 }
        # It has no Compose file of its own; these are those of production.
        compose: [docker-compose.prod.yml]
        route: { listen: 8002 }   # add `host: shop.example.org` to serve one host name
        health: { path: /healthz/ }   # from `app/config/urls.py`

      # What was stable in testing, promoted by hand: `shipway promote staging`.
      staging:
        from: testing
        bake: { duration: 1m }
        # It has no Compose file of its own; these are those of production.
        compose: [docker-compose.prod.yml]
        route: { listen: 8003 }   # add `host: shop.example.org` to serve one host name
        health: { path: /healthz/ }   # from `app/config/urls.py`

      # What was stable in staging: `shipway promote production`, which wants its name typed.
      production:
        from: staging
        bake: { duration: 5m, max_error_rate: 1%, max_latency_ratio: 1.3 }
        # `docker-compose.prod.yml` defines every service itself, so it stands alone.
        compose: [docker-compose.prod.yml]
        env_files: [.env.prod]
        # Demanded by the Compose files, or empty in the files of variables:
        required: [SECRET_KEY]
        route: { listen: 8000 }   # add `host: shop.example.org` to serve one host name
        health: { path: /healthz/ }   # from `app/config/urls.py`
    "#);
}

#[test]
fn a_project_without_a_base() {
    let written = written("no base: one for developers, one for production");
    insta::assert_snapshot!(written, @r#"
    # yaml-language-server: $schema=.shipway/shipway.schema.json
    # How Shipway takes this application from a git push to production.
    # `shipway config ENVIRONMENT` shows what holds, every default filled in.
    version: 1
    project: project

    # What each service is to a deployment:
    #   web        takes the requests, one instance set per colour
    #   worker     replaced with each release, takes no requests
    #   singleton  never two alive, such as a cron beat
    #   stateful   shared by all releases: database, cache, queue
    #   tool       shared, not part of health: adminer, mailhog
    services:
      django: { role: web, port: 8000 }   # has a port; the port is the one that it opens
      postgres: { role: stateful }        # by its image, `postgres`
      redis: { role: stateful }           # by its image, `redis`
      mailpit: { role: tool }             # by its image, `mailpit`
      celeryworker: { role: worker }      # by its name
      celerybeat: { role: singleton }     # by its name
      flower: { role: tool }              # by its name
      # Shipway's proxy takes its place in front of `django`: take it out of the Compose files.
      # As long as it is there it holds port 80 and 443.
      traefik: { role: tool }             # a proxy

    # Run once before a release starts, with its own code and environment.
    # There is a Django project: `manage.py`. Its settings are `config.settings.local` unless
    # DJANGO_SETTINGS_MODULE names others.
    migrate:
      service: django
      command: python manage.py migrate --noinput

    environments:
      # Feature branches, deployed with each push.
      development:
        branches: ["feature/*"]
        strategy: recreate
        bake: { duration: 5s, min_requests: 20 }
        # `docker-compose.local.yml` defines every service itself, so it stands alone.
        compose: [docker-compose.local.yml]
        route: { listen: 8001 }   # add `host: shop.example.org` to serve one host name
        health: { path: / }   # a guess; asked of every instance, must answer 2xx

      # The main branch, deployed with each push.
      testing:
        branches: [main]
        strategy: rolling
        bake: { duration: 10s, min_requests: 20 }
        # It has no Compose file of its own; these are those of production.
        compose: [docker-compose.production.yml]
        route: { listen: 8002 }   # add `host: shop.example.org` to serve one host name
        health: { path: / }   # a guess; asked of every instance, must answer 2xx

      # What was stable in testing, promoted by hand: `shipway promote staging`.
      staging:
        from: testing
        bake: { duration: 1m }
        # It has no Compose file of its own; these are those of production.
        compose: [docker-compose.production.yml]
        route: { listen: 8003 }   # add `host: shop.example.org` to serve one host name
        health: { path: / }   # a guess; asked of every instance, must answer 2xx

      # What was stable in staging: `shipway promote production`, which wants its name typed.
      production:
        from: staging
        bake: { duration: 5m, max_error_rate: 1%, max_latency_ratio: 1.3 }
        # `docker-compose.production.yml` defines every service itself, so it stands alone.
        compose: [docker-compose.production.yml]
        route: { listen: 8000 }   # add `host: shop.example.org` to serve one host name
        health: { path: / }   # a guess; asked of every instance, must answer 2xx
    "#);
}

#[test]
fn a_proxy_a_scheduler_and_a_job() {
    let written = written("a proxy, a scheduler, a job and a profile");
    insta::assert_snapshot!(written, @r#"
    # yaml-language-server: $schema=.shipway/shipway.schema.json
    # How Shipway takes this application from a git push to production.
    # `shipway config ENVIRONMENT` shows what holds, every default filled in.
    version: 1
    project: project

    # What each service is to a deployment:
    #   web        takes the requests, one instance set per colour
    #   worker     replaced with each release, takes no requests
    #   singleton  never two alive, such as a cron beat
    #   stateful   shared by all releases: database, cache, queue
    #   tool       shared, not part of health: adminer, mailhog
    services:
      # Shipway's proxy takes its place in front of `app`: take it out of the Compose files.
      # As long as it is there it holds port 80 and 443.
      # Files that it serves itself, such as static files, have to come from `app` then.
      nginx: { role: tool }            # a proxy
      # `migrate` below takes its place: take it out of the Compose files.
      migrate: { role: tool }          # migrates the database and ends
      app: { role: web, port: 8000 }   # by its name; the port is its health check's
      cron: { role: singleton }        # by its command, `crond`
      jobs: { role: worker }           # by its command, `worker`
      queue: { role: stateful }        # by its image, `rabbitmq`

    # Run once before a release starts, with its own code and environment.
    # As the service `migrate` does.
    migrate:
      service: app
      command: python manage.py migrate --noinput

    environments:
      # Feature branches, deployed with each push.
      development:
        branches: ["feature/*"]
        strategy: recreate
        bake: { duration: 5s, min_requests: 20 }
        compose: [docker-compose.yml]
        route: { listen: 8001 }   # add `host: shop.example.org` to serve one host name
        health: { path: /ready/ }   # the health check of `app` asks for it

      # The main branch, deployed with each push.
      testing:
        branches: [main]
        strategy: rolling
        bake: { duration: 10s, min_requests: 20 }
        compose: [docker-compose.yml]
        route: { listen: 8002 }   # add `host: shop.example.org` to serve one host name
        health: { path: /ready/ }   # the health check of `app` asks for it

      # What was stable in testing, promoted by hand: `shipway promote staging`.
      staging:
        from: testing
        bake: { duration: 1m }
        compose: [docker-compose.yml]
        route: { listen: 8003 }   # add `host: shop.example.org` to serve one host name
        health: { path: /ready/ }   # the health check of `app` asks for it

      # What was stable in staging: `shipway promote production`, which wants its name typed.
      production:
        from: staging
        bake: { duration: 5m, max_error_rate: 1%, max_latency_ratio: 1.3 }
        compose: [docker-compose.yml]
        route: { listen: 8000 }   # add `host: shop.example.org` to serve one host name
        health: { path: /ready/ }   # the health check of `app` asks for it
    "#);
}
