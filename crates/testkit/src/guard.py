"""Ends every process of a sandbox and removes its directory, once the test is over.

It waits for the end of its standard input, which comes however the test ends. A process belongs
to the sandbox when its command line, environment or working directory names its directory.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

os.setsid()
ROOT = sys.stdin.readline().rstrip("\n")
sys.stdin.read()


def belongs(process):
    try:
        texts = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        return ROOT.encode() in texts or os.readlink(process / "cwd").startswith(ROOT)
    except OSError:
        return False


quiet = 0
while quiet < 3:
    found = [int(one.name) for one in Path("/proc").glob("[0-9]*") if belongs(one)]
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    # One that was being made shows in the next look.
    quiet = 0 if found else quiet + 1
    time.sleep(0.01)

shutil.rmtree(ROOT, ignore_errors=True)
