"""The events that SES publishes about a mail (event publishing records, as in the SES Developer Guide)."""

import datetime

from harness.wire import Mail


def _now() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z"


def _event(kind: str, mail: Mail, detail: dict) -> dict:
    headers = [{"name": name, "value": str(value)} for name, value in mail.content.items()]
    subject, source = str(mail.content["Subject"]), str(mail.content["From"])
    return {
        "eventType": kind,
        "mail": {
            "timestamp": _now(),
            "source": source,
            "sendingAccountId": "000000000000",
            "messageId": mail.id,
            "destination": mail.to,
            "headersTruncated": False,
            "headers": headers,
            "commonHeaders": {"from": [source], "to": mail.to, "messageId": mail.id, "subject": subject},
            "tags": {"ses:configuration-set": [mail.configuration_set]}
            | {name: [value] for name, value in mail.tags.items()},
        },
        kind.lower(): detail,
    }


def delivery(mail: Mail) -> dict:
    """The mail was handed to the recipient's server."""
    detail = {
        "timestamp": _now(),
        "processingTimeMillis": 540,
        "recipients": mail.to,
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.example.com",
    }
    return _event("Delivery", mail, detail)


def bounce(mail: Mail) -> dict:
    """The recipient's server said that there is no such address."""
    refusal = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    detail = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": address} | refusal for address in mail.to],
        "timestamp": _now(),
        "feedbackId": "0100018c0ffee000-00000000-0000-0000-0000-000000000000-000000",
        "reportingMTA": "dsn; mta.example.com",
    }
    return _event("Bounce", mail, detail)
