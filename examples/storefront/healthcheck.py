"""Container health check without curl: exit 0 when healthy, 1 with a reason when not.

python healthcheck.py           asks the web process on $PORT for /health/
python healthcheck.py worker    looks at the age of the worker's heartbeat file
"""

import os
import sys
import time
import urllib.error
import urllib.request

# The worker beats every half second; a message it is busy with may take a while longer.
STALE_SECONDS = 30


def check_web() -> str | None:
    url = f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}/health/"
    try:
        with urllib.request.urlopen(url, timeout=8):  # nosec B310
            return None
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return f"{url}: {error}"


def check_worker() -> str | None:
    path = os.environ.get("WORKER_HEARTBEAT")
    if not path:
        return None  # Outside a container the supervisor watches the process itself.
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError as error:
        return f"no heartbeat: {error}"
    return f"last heartbeat {age:.0f} s ago" if age > STALE_SECONDS else None


if __name__ == "__main__":
    problem = check_worker() if sys.argv[1:] == ["worker"] else check_web()
    if problem:
        sys.exit(problem)
