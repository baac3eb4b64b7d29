"""The events that SES publishes about a mail (event publishing records, as in the SES Developer Guide)."""

import datetime


def _now() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z"


def _event(kind: str, mail: dict, configuration_set: str, detail: dict) -> dict:
    return {
        "eventType": kind,
        "mail": {
            "timestamp": _now(),
            "source": mail["Source"],
            "messageId": mail["MessageId"],
            "destination": mail["To"],
            "headersTruncated": False,
            "headers": [{"name": "Subject", "value": mail["Subject"]}],
            "commonHeaders": {"to": mail["To"], "messageId": mail["MessageId"], "subject": mail["Subject"]},
            "tags": {"ses:configuration-set": [configuration_set]},
        },
        kind.lower(): detail,
    }


def delivery(mail: dict, configuration_set: str) -> dict:
    """The mail was handed to the recipient's server."""
    detail = {
        "timestamp": _now(),
        "processingTimeMillis": 540,
        "recipients": mail["To"],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.example.com",
    }
    return _event("Delivery", mail, configuration_set, detail)


def bounce(mail: dict, configuration_set: str) -> dict:
    """The recipient's server said that there is no such address."""
    recipients = [
        {
            "emailAddress": address,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
        for address in mail["To"]
    ]
    detail = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": recipients,
        "timestamp": _now(),
        "feedbackId": "0100018bounce-0000",
        "reportingMTA": "dsn; mta.example.com",
    }
    return _event("Bounce", mail, configuration_set, detail)
