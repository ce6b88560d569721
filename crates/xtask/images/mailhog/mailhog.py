#!/usr/bin/python3
"""Takes every mail and shows it: what a developer needs of MailHog, and its interface for tests.

GET /                   all mails, for people
GET /api/v2/messages    all mails, newest first, in the form of MailHog's API
DELETE /api/v1/messages forgets them
"""

import email
import email.policy
import html
import json
import uuid
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

# Enough for a day of development; the oldest are forgotten.
MESSAGES = deque(maxlen=500)


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        content = envelope.content.decode("utf-8", "replace")
        head, _, body = content.replace("\r\n", "\n").partition("\n\n")
        parsed = email.message_from_string(content, policy=email.policy.default)
        headers = {}
        for name, value in parsed.items():
            headers.setdefault(name, []).append(str(value))
        MESSAGES.appendleft(
            {
                "ID": f"{uuid.uuid4().hex}@mailhog",
                "From": path(envelope.mail_from or ""),
                "To": [path(recipient) for recipient in envelope.rcpt_tos],
                "Content": {"Headers": headers, "Body": body, "Size": len(content), "MIME": None},
                "Raw": {"From": envelope.mail_from, "To": envelope.rcpt_tos, "Data": content},
            }
        )
        return "250 Ok: queued"


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.answer("text/html; charset=utf-8", render(list(MESSAGES)))
        elif self.path.partition("?")[0] == "/api/v2/messages":
            items = list(MESSAGES)
            page = {"total": len(items), "count": len(items), "start": 0, "items": items}
            self.answer("application/json", json.dumps(page))
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def do_DELETE(self):
        if self.path != "/api/v1/messages":
            self.send_error(404)
            return
        MESSAGES.clear()
        self.answer("text/plain", "")

    def answer(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def path(address):
    mailbox, _, domain = address.partition("@")
    return {"Mailbox": mailbox, "Domain": domain, "Params": "", "Relays": None}


def render(messages):
    mails = "".join(f"<pre>{html.escape(mail['Raw']['Data'])}</pre><hr>" for mail in messages)
    return f"<!doctype html><title>{len(messages)} mails</title><h1>{len(messages)} mails</h1>{mails}"


def serve():
    mails = Controller(Mailbox(), hostname="0.0.0.0", port=1025)
    mails.start()
    ThreadingHTTPServer(("0.0.0.0", 8025), Page).serve_forever()


if __name__ == "__main__":
    serve()
