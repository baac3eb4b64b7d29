"""Amazon SNS as the outside sees it: envelopes signed with a certificate that the harness's own root vouches for."""

import base64
import contextlib
import datetime
import http.server
import json
import threading
import uuid
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.emulator import REGION

HOST = f"sns.{REGION}.amazonaws.com"
PEM = serialization.Encoding.PEM

SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


def _certificate(name, key, issuer, issuer_key, extensions) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


class Signer:
    """A root of trust and the signing certificate below it."""

    def __init__(self):
        root_key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.BasicConstraints(ca=True, path_length=0)
        root = _certificate("Root", root_key, "Root", root_key, [(authority, True)])
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        leaf = _certificate(
            HOST,
            self._key,
            "Root",
            root_key,
            [
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (x509.SubjectAlternativeName([x509.DNSName(HOST)]), False),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ],
        )
        self.root = root.public_bytes(PEM).decode()
        self.certificate = leaf.public_bytes(PEM)
        self.path = f"/SimpleNotificationService-{uuid.uuid4().hex}.pem"

    def envelope(self, topic: str, kind: str, **fields: str) -> dict[str, str]:
        """A signed envelope, signature version 2."""
        now = datetime.datetime.now(datetime.UTC)
        body = {
            "Type": kind,
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic,
            "Timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z",
            "SignatureVersion": "2",
            "SigningCertURL": f"https://{HOST}{self.path}",
            **fields,
        }
        text = "".join(f"{name}\n{body[name]}\n" for name in SIGNED[kind] if name in body)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return body | {"Signature": base64.b64encode(signature).decode()}

    def notification(self, topic: str, message: dict) -> dict[str, str]:
        """What SNS posts when SES publishes an event."""
        return self.envelope(
            topic, "Notification", Subject="Amazon SES Email Event Notification", Message=json.dumps(message)
        )

    def confirmation(self, topic: str) -> dict[str, str]:
        """What SNS posts to ask whether the address wants the topic."""
        token = uuid.uuid4().hex
        return self.envelope(
            topic,
            "SubscriptionConfirmation",
            Token=token,
            Message=f"You have chosen to subscribe to the topic {topic}.",
            SubscribeURL=f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        )


class Origin:
    """Stands where sns.<region>.amazonaws.com would: serves the certificates and takes confirmations."""

    def __init__(self, *signers: Signer):
        self._certificates = {signer.path: signer.certificate for signer in signers}
        self.asked: list[str] = []
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                origin.asked.append(self.path)
                body = origin._certificates.get(self.path, b"")
                self.send_response(200 if body or "Action=ConfirmSubscription" in self.path else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def serving(self) -> Iterator["Origin"]:
        """Answers until the block ends."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
