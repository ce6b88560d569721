//! Projects as people lay them out.

/// A project as people lay it out.
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Lines of the written file, without what they are indented by.
    pub(super) written: &'static [&'static str],
    /// What the list at the end tells.
    pub(super) told: &'static [&'static str],
    /// Variables that the user has to set before it is valid.
    pub(super) unset: &'static [&'static str],
}

const MANAGE: &str = "#!/usr/bin/env python\nimport os\n\
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')\n\
from django.core.management import execute_from_command_line\n";

const WEB: &str = "\
services:
  web:
    build: .
    command: gunicorn --bind 0.0.0.0:8080 shop.wsgi
";

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        name: "one file, and a Dockerfile that tells the rest",
        files: &[
            (
                "docker-compose.yml",
                "services:\n  app:\n    build: .\n  db:\n    image: postgis/postgis:16-3.4\n",
            ),
            (
                "Dockerfile",
                "FROM node:22\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
            ),
        ],
        written: &[
            "app: { role: web, port: 3000 }   # runs `node`; the port is the one that it opens",
            "db: { role: stateful }           # by its image, `postgis`",
            "compose: [docker-compose.yml]",
        ],
        told: &["which URL tells that the application is healthy"],
        unset: &[],
    },
    Layout {
        name: "a file and variables for each environment",
        files: &[
            ("docker-compose.yml", WEB),
            (
                "docker-compose.development.yml",
                "services:\n  web:\n    environment: [DEBUG=1]\n  mail:\n    image: axllent/mailpit\n",
            ),
            (
                "docker-compose.testing.yml",
                "services:\n  web:\n    environment: [DEBUG=0]\n",
            ),
            (
                "docker-compose.staging.yml",
                "services:\n  web:\n    environment: [DEBUG=0]\n",
            ),
            (
                "docker-compose.production.yml",
                "services:\n  web:\n    environment: [DEBUG=0]\n",
            ),
            (".env.development", "TAG=1\n"),
            (".env.production", "TAG=1\n"),
        ],
        written: &[
            "web: { role: web, port: 8080 }   # runs `gunicorn`; the port is its command's",
            "mail: { role: tool }             # by its image, `mailpit`",
            "compose: [docker-compose.yml, docker-compose.development.yml]",
            "compose: [docker-compose.yml, docker-compose.testing.yml]",
            "compose: [docker-compose.yml, docker-compose.staging.yml]",
            "compose: [docker-compose.yml, docker-compose.production.yml]",
            "env_files: [.env.development]",
            "env_files: [.env.production]",
        ],
        told: &[],
        unset: &[],
    },
    Layout {
        name: "hyphens and short names",
        files: &[
            ("docker-compose.yml", WEB),
            (
                "docker-compose-dev.yml",
                "services:\n  web:\n    environment: [DEBUG=1]\n",
            ),
            (
                "docker-compose-qa.yml",
                "services:\n  web:\n    environment: [DEBUG=0]\n",
            ),
            (
                "docker-compose-live.yml",
                "services:\n  web:\n    environment: [DEBUG=0]\n",
            ),
            (
                "docker-compose.gpu.yml",
                "services:\n  web:\n    environment: [GPU=1]\n",
            ),
        ],
        written: &[
            "compose: [docker-compose.yml, docker-compose-dev.yml]",
            "compose: [docker-compose.yml, docker-compose-qa.yml]",
            "compose: [docker-compose.yml]",
            "compose: [docker-compose.yml, docker-compose-live.yml]",
        ],
        told: &["what `docker-compose.gpu.yml` is for: it was left out"],
        unset: &[],
    },
    Layout {
        name: "the newer names",
        files: &[
            ("compose.yaml", WEB),
            (
                "compose.prod.yaml",
                "services:\n  web:\n    image: shop:${TAG:?the release}\n",
            ),
            (
                "compose.preprod.yaml",
                "services:\n  web:\n    image: shop:${TAG:-next}\n",
            ),
            (
                "compose.ci.yaml",
                "services:\n  web:\n    environment: [CI=1]\n",
            ),
        ],
        written: &[
            "compose: [compose.yaml, compose.ci.yaml]",
            "compose: [compose.yaml, compose.preprod.yaml]",
            "compose: [compose.yaml, compose.prod.yaml]",
            "required: [TAG]",
        ],
        told: &["the values of `TAG` in production"],
        unset: &["TAG"],
    },
    Layout {
        name: "an override for developers",
        files: &[
            ("docker-compose.yml", WEB),
            (
                "docker-compose.override.yml",
                "services:\n  web:\n    command: python manage.py runserver 0.0.0.0:8000\n",
            ),
        ],
        written: &[
            "# The override is for developers: Compose adds it by itself.",
            "compose: [docker-compose.yml, docker-compose.override.yml]",
            "web: { role: web, port: 8080 }   # runs `gunicorn`; the port is its command's",
        ],
        told: &[],
        unset: &[],
    },
    Layout {
        name: "a file for developers, another that stands alone in production",
        files: &[
            (
                "docker-compose.yml",
                "services:\n  web:\n    build: ./app\n    command: python manage.py runserver 0.0.0.0:8000\n    volumes: [\"./app:/app\"]\n    ports: [\"8000:8000\"]\n    env_file: [./.env.dev]\n  db:\n    image: postgres:15\n",
            ),
            (
                "docker-compose.prod.yml",
                "services:\n  web:\n    build: { context: ./app, dockerfile: Dockerfile.prod }\n    command: gunicorn hello.wsgi:application --bind 0.0.0.0:8000\n    expose: [8000]\n    env_file: [./.env.prod]\n  db:\n    image: postgres:15\n    env_file: [./.env.prod.db]\n  nginx:\n    build: ./nginx\n    ports: [\"1337:80\"]\n    volumes: [\"static:/static\"]\n    depends_on: [web]\nvolumes:\n  static:\n",
            ),
            ("app/Dockerfile", "FROM python:3.12\n"),
            ("app/Dockerfile.prod", "FROM python:3.12\n"),
            ("app/manage.py", MANAGE),
            (
                "app/config/urls.py",
                "urlpatterns = [\n    path(\"healthz/\", views.health),\n]\n",
            ),
            ("nginx/Dockerfile", "FROM nginx:1.25\n"),
            (".env.dev", "DEBUG=1\n"),
            (".env.prod", "DEBUG=0\nSECRET_KEY=\n"),
            (".env.prod.db", "POSTGRES_DB=shop\n"),
        ],
        written: &[],
        told: &[
            "whether `nginx` can go: Shipway does its work",
            "which settings production has: without DJANGO_SETTINGS_MODULE it takes `config.settings.local`",
            "what differs in staging: it has the files of production",
        ],
        unset: &["SECRET_KEY"],
    },
    Layout {
        name: "no base: one for developers, one for production",
        files: &[
            (
                "docker-compose.local.yml",
                "services:\n  django: &django\n    build: { context: ., dockerfile: ./compose/local/django/Dockerfile }\n    env_file: [./.envs/.local/.django]\n    ports: [\"8000:8000\"]\n    command: /start\n  postgres:\n    build: { context: ., dockerfile: ./compose/production/postgres/Dockerfile }\n  redis:\n    image: redis:6\n  mailpit:\n    image: axllent/mailpit:latest\n  celeryworker:\n    <<: *django\n    ports: []\n    command: /start-celeryworker\n  celerybeat:\n    <<: *django\n    ports: []\n    command: /start-celerybeat\n  flower:\n    <<: *django\n    ports: [\"5555:5555\"]\n    command: /start-flower\n",
            ),
            (
                "docker-compose.production.yml",
                "services:\n  django: &django\n    build: { context: ., dockerfile: ./compose/production/django/Dockerfile }\n    env_file: [./.envs/.production/.django]\n    command: /start\n  postgres:\n    build: { context: ., dockerfile: ./compose/production/postgres/Dockerfile }\n  traefik:\n    build: { context: ., dockerfile: ./compose/production/traefik/Dockerfile }\n    depends_on: [django]\n    ports: [\"0.0.0.0:80:80\", \"0.0.0.0:443:443\"]\n  redis:\n    image: redis:6\n  celeryworker:\n    <<: *django\n    command: /start-celeryworker\n  celerybeat:\n    <<: *django\n    command: /start-celerybeat\n  flower:\n    <<: *django\n    command: /start-flower\n",
            ),
            (
                "compose/production/postgres/Dockerfile",
                "FROM postgres:16\n",
            ),
            ("compose/production/traefik/Dockerfile", "FROM traefik:3\n"),
            (
                "compose/production/django/Dockerfile",
                "FROM python:3.12 AS build\nFROM python:3.12\nENTRYPOINT [\"/entrypoint\"]\n",
            ),
            ("compose/local/django/Dockerfile", "FROM python:3.12\n"),
            (".envs/.local/.django", "DEBUG=1\n"),
            (".envs/.production/.django", "DEBUG=0\n"),
            ("manage.py", MANAGE),
        ],
        written: &[],
        told: &["what differs in testing: it has the files of production"],
        unset: &[],
    },
    Layout {
        name: "all in deploy",
        files: &[
            (
                "deploy/docker-compose.yml",
                "services:\n  api:\n    build: ..\n    command: uvicorn shop:app --host 0.0.0.0 --port 9000\n    healthcheck: { test: \"wget -q http://127.0.0.1:9000/ping\" }\n  nats:\n    image: nats:2\n",
            ),
            (
                "deploy/docker-compose.stage.yml",
                "services:\n  api:\n    image: shop:next\n",
            ),
            (
                "deploy/docker-compose.live.yml",
                "services:\n  api:\n    image: shop:1\n",
            ),
        ],
        written: &[
            "api: { role: web, port: 9000 }   # runs `uvicorn`; the port is its command's",
            "compose: [deploy/docker-compose.yml, deploy/docker-compose.stage.yml]",
            "compose: [deploy/docker-compose.yml, deploy/docker-compose.live.yml]",
            "health: { path: /ping }   # the health check of `api` asks for it",
        ],
        told: &["whether the paths in `deploy/docker-compose.yml` count from here"],
        unset: &[],
    },
    Layout {
        name: "all in docker, with its variables beside it",
        files: &[
            (
                "docker/docker-compose.yml",
                "services:\n  web:\n    image: shop:${TAG}\n    ports: [\"${PORT}:5000\"]\n",
            ),
            (
                "docker/docker-compose.test.yml",
                "services:\n  web:\n    environment: [CI=1]\n",
            ),
            ("docker/.env", "TAG=1\nPORT=5000\n"),
        ],
        written: &[
            "web: { role: web, port: 5000 }   # has a port; the port is the one that it opens",
            "compose: [docker/docker-compose.yml, docker/docker-compose.test.yml]",
            "env_files: [docker/.env]",
        ],
        told: &[],
        unset: &[],
    },
    Layout {
        name: "a folder for each environment",
        files: &[
            ("docker-compose.yml", WEB),
            (
                "environments/staging/docker-compose.yml",
                "services:\n  web:\n    environment: [STAGE=1]\n",
            ),
            (
                "environments/production/docker-compose.yml",
                "services:\n  web:\n    environment: [STAGE=0]\n",
            ),
            ("environments/production/.env", "TAG=1\n"),
        ],
        written: &[
            "compose: [docker-compose.yml, environments/staging/docker-compose.yml]",
            "compose: [docker-compose.yml, environments/production/docker-compose.yml]",
            "env_files: [environments/production/.env]",
        ],
        told: &[],
        unset: &[],
    },
    Layout {
        name: "files in compose, variables in envs",
        files: &[
            ("compose/docker-compose.base.yml", WEB),
            (
                "compose/docker-compose.dev.yml",
                "services:\n  web:\n    image: shop:${TAG}\n",
            ),
            (
                "compose/docker-compose.prod.yml",
                "services:\n  web:\n    image: shop:${TAG}\n    environment: [\"LEVEL=${LEVEL}\"]\n",
            ),
            (".env", "LEVEL=info\nTAG=0\n"),
            ("envs/dev.env", "TAG=1\n"),
            ("envs/prod.env", "TAG=2\n"),
        ],
        written: &[
            "compose: [compose/docker-compose.base.yml, compose/docker-compose.dev.yml]",
            "compose: [compose/docker-compose.base.yml]",
            "env_files: [envs/dev.env]",
            "env_files: [.env, envs/prod.env]",
        ],
        told: &[],
        unset: &[],
    },
    Layout {
        name: "a proxy, a scheduler, a job and a profile",
        files: &[
            (
                "docker-compose.yml",
                "services:\n  nginx:\n    image: nginx:1.27\n    ports: [\"80:80\", \"443:443\"]\n    volumes: [\"./static:/static:ro\"]\n    depends_on: [app]\n  migrate:\n    build: .\n    command: sh -c \"python manage.py migrate --noinput && echo done\"\n  app:\n    build: .\n    healthcheck: { test: [CMD, curl, -f, \"http://localhost:8000/ready/\"] }\n  cron:\n    build: .\n    command: crond -f\n  jobs:\n    build: .\n    command: celery -A shop worker\n  queue:\n    image: rabbitmq:4\n  debug:\n    image: adminer\n    profiles: [debug]\n",
            ),
            ("Dockerfile", "FROM python:3.12\n"),
        ],
        written: &[],
        told: &["whether an environment needs `debug`: only a profile starts it"],
        unset: &[],
    },
    Layout {
        name: "a site of files, without an application behind the server",
        files: &[(
            "compose.yml",
            "services:\n  site:\n    image: nginx:1.27\n    ports: [\"8080:80\"]\n",
        )],
        written: &[
            "site: { role: web, port: 80 }   # has a port; the port is the one that it opens",
        ],
        told: &[],
        unset: &[],
    },
];
