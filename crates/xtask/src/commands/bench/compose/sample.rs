//! A project of sixty services with two overlays, as large ones in the wild are.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// How many services it has.
pub(super) const SERVICES: usize = 60;
/// Its Compose files, each over the ones before.
pub(super) const FILES: [&str; 3] = [
    "compose.yml",
    "compose.production.yml",
    "compose.region.yml",
];

const CONFIGURATION: &str = "\
project: bench
services:
";

const ENVIRONMENT: &str = "\
environments:
  production:
    compose: [compose.yml, compose.production.yml, compose.region.yml]
    env_files: [.env]
    route: { listen: 8080 }
    health: { path: /health/ }
";

/// Writes the project.
pub(super) fn write(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    let write = |name: &str, text: &str| fs::write(directory.join(name), text);
    write("compose.yml", &base())?;
    write("compose.production.yml", &production())?;
    write("compose.region.yml", &region())?;
    write(".env", "DOMAIN=shop.example\nREGION=eu\nLEVEL=warning\n")?;
    let common: String = (0..20).map(|n| format!("COMMON_{n}={n}\n")).collect();
    write("common.env", &common)?;
    write("shipway.yml", &configuration())?;
    Ok(())
}

fn configuration() -> String {
    let roles: String = (0..SERVICES)
        .map(|n| match n {
            0 => "  service-0: { role: web, port: 8000 }\n".to_owned(),
            n => format!("  service-{n}: {{ role: worker }}\n"),
        })
        .collect();
    format!("{CONFIGURATION}{roles}{ENVIRONMENT}")
}

fn base() -> String {
    let mut text = String::from(
        "x-environment: &environment
  LOG_LEVEL: ${LEVEL:-info}
  DATABASE_URL: postgres://shop:${DB_PASSWORD:-secret}@db.${DOMAIN}/shop
  CACHE_URL: redis://cache.${DOMAIN}:6379/0
x-logging: &logging
  driver: json-file
  options: {max-size: 10m, max-file: 3}
services:
",
    );
    for n in 0..SERVICES {
        let port = 8000 + n;
        let _ = write!(
            text,
            "  service-{n}:
    image: registry.example/shop/service-{n}:${{TAG:-latest}}
    command: gunicorn shop.service_{n}.wsgi --bind 0.0.0.0:{port} --workers ${{WORKERS:-4}}
    environment:
      <<: *environment
      SERVICE_NAME: service-{n}
      PORT: {port}
      FEATURES: \"a,b,${{EXTRA-c}}\"
    env_file: [common.env]
    ports: [\"127.0.0.1:{port}:{port}\"]
    volumes:
      - data:/var/lib/data
      - ./config/service-{n}.toml:/etc/service.toml:ro
    networks: [front, back]
    labels:
      com.example.service: service-{n}
      com.example.url: https://service-{n}.${{DOMAIN}}/
    logging: *logging
    healthcheck:
      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:{port}/health/\"]
      interval: 10s
      timeout: 3s
    x-shipway: {{process: {{directory: .}}}}
"
        );
        if n > 0 {
            let _ = writeln!(
                text,
                "    depends_on: {{service-{}: {{condition: service_healthy}}}}",
                n / 2
            );
        }
    }
    text.push_str("networks: {front: {}, back: {internal: true}}\nvolumes: {data: {}}\n");
    text
}

fn production() -> String {
    let mut text = String::from("services:\n");
    for n in 0..SERVICES {
        let _ = write!(
            text,
            "  service-{n}:
    restart: always
    environment: [LOG_FORMAT=json, \"HOST=service-{n}.${{DOMAIN}}\"]
    deploy:
      replicas: 3
      resources: {{limits: {{cpus: '0.50', memory: 512M}}}}
"
        );
    }
    text
}

fn region() -> String {
    let mut text = String::from("services:\n");
    for n in (0..SERVICES).step_by(3) {
        let _ = write!(
            text,
            "  service-{n}:
    environment: {{REGION: \"${{REGION:?the region}}\"}}
    ports: !override [\"{}\"]
    labels: [com.example.region=$REGION]
",
            8000 + n
        );
    }
    text
}
