"""Gunicorn's settings; `gunicorn config.wsgi:application` finds this file by its name."""

import os
import shutil
import tempfile

# An empty host is every interface (0.0.0.0): in a container the proxy comes from outside.
bind = f"{os.environ.get('BIND_HOST', '')}:{os.environ.get('PORT') or '8000'}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
# Longer than the proxy keeps an idle connection, so that it is always the proxy who closes.
# Otherwise a request sent at the moment of our closing would be lost.
keepalive = 75
graceful_timeout = 30
preload_app = False
# The proxy in front already logs every request.
accesslog = None
# The working directory may be read-only, and nobody here talks to gunicorn's control socket.
control_socket_disable = True

# Each worker process counts for itself; `/metrics` adds up what they leave in this directory.
# It must be set before prometheus_client is imported, and be empty at the start.
metrics_dir = None
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    metrics_dir = tempfile.mkdtemp(prefix="storefront-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_dir


def child_exit(server, worker):
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    if metrics_dir:
        shutil.rmtree(metrics_dir, ignore_errors=True)
