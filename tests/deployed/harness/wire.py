"""The wire between the functions and AWS: passes every call on as it came, and keeps the mails that SES accepted.

The emulator forgets what the product depends on (tags, configuration set, headers), so it is read here, on the way.
"""

import base64
import contextlib
import email
import email.policy
import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

SEND_EMAIL = "/v2/email/outbound-emails"
# Headers that belong to one connection and are made anew for the next.
OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Mail:
    """A mail that SES accepted."""

    id: str
    to: list[str]
    configuration_set: str
    tags: dict[str, str]
    content: EmailMessage

    def text(self, kind: str) -> str:
        """The part of that kind, `plain` or `html`."""
        return self.content.get_body((kind,)).get_content()


def _mail(request: dict, reply: dict) -> Mail:
    raw = base64.b64decode(request["Content"]["Raw"]["Data"])
    return Mail(
        id=reply["MessageId"],
        to=request["Destination"]["ToAddresses"],
        configuration_set=request.get("ConfigurationSetName", ""),
        tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])},
        content=email.message_from_bytes(raw, policy=email.policy.default),
    )


class Wire:
    """A loopback address that stands before the emulator's."""

    def __init__(self, port: int):
        self.mails: list[Mail] = []
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                far = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    far.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in OF_ONE_CONNECTION:
                            far.putheader(name, value)
                    far.endheaders(body)
                    answer = far.getresponse()
                    reply, status, headers = answer.read(), answer.status, answer.getheaders()
                finally:
                    far.close()
                if self.path == SEND_EMAIL and status == 200:
                    wire.mails.append(_mail(json.loads(body), json.loads(reply)))
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in OF_ONE_CONNECTION | {"content-length"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def passing(self) -> Iterator["Wire"]:
        """Passes calls on until the block ends."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
