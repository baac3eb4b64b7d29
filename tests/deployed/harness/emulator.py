"""MiniStack as a child process: an AWS account on a loopback port that enforces IAM, gone when the run ends."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

ACCOUNT = "000000000000"
REGION = "us-east-1"


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """The running account."""

    def __init__(self, port: int):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str):
        """An AWS client that speaks to the emulator as the root of the account."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def peek(self, path: str) -> dict:
        """What the emulator shows of its inside."""
        with urllib.request.urlopen(f"{self.url}/_ministack/{path}", timeout=10) as response:
            return json.load(response)

    def mails(self) -> list[dict]:
        """The mails that SES accepted, oldest first."""
        return self.peek(f"ses/messages?account={ACCOUNT}")["messages"].get(ACCOUNT, [])

    def jobs(self, queue_url: str) -> list[dict]:
        """The messages of a queue, in flight or not, without receiving them."""
        regions = self.peek(f"sqs/messages?account={ACCOUNT}&QueueUrl={queue_url}")["messages"].get(ACCOUNT, {})
        return [message for queues in regions.values() for queue in queues.values() for message in queue]


@contextlib.contextmanager
def running(folder: Path, port: int, endpoint: str) -> Iterator[Emulator]:
    """Starts MiniStack with everything it writes below `folder`, and ends it whatever happens.

    `endpoint` is where the functions find AWS.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    emulator = Emulator(port)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {
        "AUTH": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(emulator.port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
    }
    with open(folder / "emulator.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _await_ready(emulator, process, folder / "emulator.log")
            yield emulator
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # The unpacked binaries are large; the log stays.
            for unpacked in folder.glob("ministack-provided-code-*"):
                shutil.rmtree(unpacked, ignore_errors=True)


def _await_ready(emulator: Emulator, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            emulator.peek("health")
            return
        time.sleep(0.1)
    raise SystemExit(f"MiniStack did not start:\n{log.read_text(errors='replace')[-4000:]}")
