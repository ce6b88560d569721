"""The application under test: HTTP/1.1 with threads, and the standard library alone.

The file `behaviour` beside it says how it behaves: a word, and a number for some. Health
questions are never counted.

  ok                 all is well
  crash              ends at once, with exit code 3
  never-healthy      answers health questions with 503
  failing N          answers 500 after N requests
  dies N             ends after N requests
  slow-start N       listens after N seconds
  ignores-sigterm    has to be killed
  closes-after N     closes a connection after N requests, without a word
  closes-idle N      closes a connection that had nothing to do for N milliseconds
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn

BEHAVIOUR, *NUMBERS = Path(__file__).with_name("behaviour").read_text().split()
NUMBER = float(NUMBERS[0]) if NUMBERS else 0.0
RELEASE = os.environ["RELEASE"]
INSTANCE = os.environ.get("SHIPWAY_INSTANCE", "")
EXECUTIONS = Path(os.environ["DATA"]) / "executions"

requests = 0
counting = threading.Lock()


def log(text):
    print(text, file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body go out in one piece.
    wbufsize = -1
    answered = 0

    def handle_one_request(self):
        if BEHAVIOUR == "closes-idle":
            self.connection.settimeout(NUMBER / 1000)
        super().handle_one_request()
        self.answered += 1
        if BEHAVIOUR == "closes-after" and self.answered >= NUMBER:
            self.close_connection = True

    def parse_request(self):
        # It is idle no more: the rest may take its time.
        self.connection.settimeout(None)
        return super().parse_request()

    def do_GET(self):
        if self.path == "/health/":
            return self.health()
        if self.path == "/executions":
            return self.executions()
        if not self.count():
            return None
        if self.path.startswith("/stream"):
            return self.stream()
        if self.path == "/socket":
            return self.socket()
        if self.path.startswith("/large/"):
            return self.large(int(self.path.removeprefix("/large/")))
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.removeprefix("/slow/")) / 1000)
        return self.answer(200, os.environ.get("GREETING", "hello"))

    def do_PUT(self):
        if self.path == "/sink":
            return self.sink(int(self.headers["Content-Length"]))
        return self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.count():
            return
        # One write with O_APPEND is one line, whoever else writes.
        executed = os.open(EXECUTIONS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(executed, self.path.encode() + b"\n")
        os.close(executed)
        self.answer(201, body.decode())

    def count(self):
        """Counts a request; whether it is to be answered as usual."""
        global requests
        with counting:
            requests += 1
            number = requests
        if BEHAVIOUR == "dies" and number > NUMBER:
            log("out of memory: giving up")
            os._exit(9)
        if BEHAVIOUR == "failing" and number > NUMBER:
            self.answer(500, "the cache is full")
            return False
        return True

    def health(self):
        if BEHAVIOUR == "never-healthy":
            self.answer(503, "the search index is missing")
        else:
            self.answer(200, "healthy")

    def executions(self):
        lines = EXECUTIONS.read_text().splitlines() if EXECUTIONS.exists() else []
        counts = {"total": len(lines), "distinct": len(set(lines))}
        self.answer(200, json.dumps(counts))

    def stream(self):
        self.send_response_only(200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(5):
            event = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")

    def large(self, length):
        self.send_response_only(200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        piece = b"x" * 65536
        while length > 0:
            self.wfile.write(piece[:length])
            length -= len(piece)
        self.wfile.flush()

    def sink(self, length):
        """Reads a body without keeping it, and says how long it was."""
        left = length
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                self.close_connection = True
                return
            left -= len(piece)
        if self.count():
            self.answer(201, str(length))

    def socket(self):
        """Sends back each line of a connection that was upgraded."""
        self.send_response_only(101)
        self.send_header("X-Release", RELEASE)
        self.send_header("X-Instance", INSTANCE)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        self.wfile.flush()
        for line in self.rfile:
            self.wfile.write(line)
            self.wfile.flush()
        self.close_connection = True

    def answer(self, status, text):
        body = text.encode()
        self.send_response_only(status)
        self.send_header("X-Release", RELEASE)
        self.send_header("X-Instance", INSTANCE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    log(f"starting {RELEASE}: {BEHAVIOUR}")
    if BEHAVIOUR == "ignores-sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        # At once: a request that is still in hand then is lost, and shows.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if BEHAVIOUR == "crash":
        log("cannot reach the database: no route to host")
        sys.exit(3)
    if BEHAVIOUR == "slow-start":
        time.sleep(NUMBER)
    with Server((os.environ.get("BIND", "127.0.0.1"), int(os.environ["PORT"])), Handler) as server:
        server.serve_forever(poll_interval=0.1)


main()
