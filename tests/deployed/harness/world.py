"""What the stories have at hand: the API, SES and SNS, the queues and the clock of one deployed stack."""

import json

from harness.client import Client
from harness.emulator import Emulator
from harness.sns import Origin, Signer
from harness.stack import Stack
from harness.tenant import Tenant
from harness.wire import Mail, Wire


class World:
    """One deployed stack with the outside that it talks to."""

    def __init__(self, emulator: Emulator, wire: Wire, stack: Stack, origin: Origin, signer: Signer, stranger: Signer):
        self.emulator, self.wire, self.stack, self.origin = emulator, wire, stack, origin
        self.signer, self.stranger = signer, stranger
        self.topic = stack.outputs["EventTopicArn"]
        self.anyone = Client(emulator.port, f"{stack.resources['HttpApi']}.execute-api.localhost:{emulator.port}")
        secret = emulator.client("secretsmanager").get_secret_value(SecretId=stack.resources["PlatformKey"])["SecretString"]
        self.platform = self.anyone.with_key(secret)
        self._tenants = 0

    def tenant(self) -> Tenant:
        """A new tenant that can send mail through SES."""
        self._tenants += 1
        return Tenant.create(self, f"acme-{self._tenants}")

    def mails_to(self, address: str) -> list[Mail]:
        """The mails to that address that SES accepted."""
        mails = [mail for mail in self.wire.mails if address in mail.to]
        accepted = [mail["MessageId"] for mail in self.emulator.mails() if address in mail["To"]]
        assert [mail.id for mail in mails] == accepted, f"SES was asked for {mails} and accepted {accepted}"
        return mails

    def tell(self, event: dict) -> None:
        """SES publishes an event."""
        self.post_envelope(self.signer.notification(self.topic, event), expect=200)

    def post_envelope(self, envelope: dict[str, str], *, expect: int) -> None:
        """SNS posts: JSON that calls itself text."""
        headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": envelope["Type"]}
        self.anyone.post("/hooks/ses", json.dumps(envelope), expect=expect, headers=headers)

    def pause_sending(self) -> None:
        """Jobs stay on the queue from here on."""
        self._mapping(Enabled=False)

    def resume_sending(self) -> None:
        """What waits on the queue goes to send."""
        self._mapping(Enabled=True)

    def _mapping(self, **change) -> None:
        functions = self.emulator.client("lambda")
        functions.update_event_source_mapping(UUID=self.stack.resources["SendFunctionJobs"], **change)

    def hurry_dead_letters(self) -> None:
        """A job is given up on after two tries of three seconds: template.yaml's own eight tries take half an hour."""
        queues, url = self.emulator.client("sqs"), self.stack.outputs["SendQueueUrl"]
        redrive = json.loads(queues.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"])
        attributes = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(redrive | {"maxReceiveCount": "2"})}
        queues.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def put_job(self, body: str) -> None:
        """Puts a message on the send queue as it stands."""
        self.emulator.client("sqs").send_message(QueueUrl=self.stack.outputs["SendQueueUrl"], MessageBody=body)

    def jobs(self) -> list[dict]:
        """What is on the send queue."""
        return self.emulator.jobs(self.stack.outputs["SendQueueUrl"])

    def dead_letters(self) -> list[str]:
        """What send gave up on."""
        return [message["Body"] for message in self.emulator.jobs(self.stack.outputs["SendDeadLettersUrl"])]

    def logs(self, lines: int = 25) -> str:
        """The last lines that each function logged."""
        client = self.emulator.client("logs")
        parts = []
        for group in client.describe_log_groups(logGroupNamePrefix="/switchboard/")["logGroups"]:
            events = client.filter_log_events(logGroupName=group["logGroupName"])["events"]
            said = [event["message"].rstrip() for event in events]
            said = [line for line in said if not line.startswith(("START ", "END ", "REPORT "))]
            if said:
                parts.append("\n".join([f"--- {group['logGroupName']}", *said[-lines:]]))
        return "\n".join(parts)
