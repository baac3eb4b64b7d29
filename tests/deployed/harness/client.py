"""A client of the HTTP API. Every call names the status that it expects."""

import http.client
import json
from dataclasses import dataclass


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Speaks to one HTTP API, with one credential or none."""

    def __init__(self, port: int, host: str, key: str | None = None):
        self._port, self._host, self._key = port, host, key

    def with_key(self, key: str) -> "Client":
        """The same API with another credential."""
        return Client(self._port, self._host, key)

    def call(self, method: str, path: str, body=None, *, expect: int, headers: dict[str, str] | None = None) -> Reply:
        """One request. `body` is sent as JSON unless it is text."""
        sent = {"Host": self._host} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        if body is not None and not isinstance(body, str):
            body, sent = json.dumps(body), sent | {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, sent | (headers or {}))
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()
        assert reply.status == expect, f"{method} {path} answered {reply.status} and not {expect}: {reply.body.decode()[:2000]}"
        return reply

    def get(self, path: str, *, expect: int = 200, **more) -> Reply:
        return self.call("GET", path, expect=expect, **more)

    def post(self, path: str, body=None, *, expect: int, **more) -> Reply:
        return self.call("POST", path, body, expect=expect, **more)
