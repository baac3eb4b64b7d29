"""The main job: accept, queue, send, track."""

import uuid

from harness import ses
from harness.story import story
from harness.tenant import in_seconds


@story
def a_mail_by_template_is_sent_once_and_then_delivered(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "4711")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    assert mail.content["Subject"] == "Welcome, Ada", mail.content
    assert "4711" in mail.text("plain") and "<b>4711</b>" in mail.text("html"), mail.content
    assert mail.configuration_set == world.stack.outputs["ConfigurationSetName"], mail

    world.tell(ses.delivery(mail))
    tenant.becomes(message, "delivered")
    assert len(world.mails_to(address)) == 1


@story
def a_repeated_request_sends_one_mail_and_gets_the_same_answer(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = tenant.post_message(contact, "1", key)
    again = tenant.post_message(contact, "1", key)
    assert again.body == first.body
    assert again.headers.get("idempotency-replayed") == "true", again.headers
    tenant.api.post("/v1/messages", tenant.request(contact, "2"), expect=422, headers=key)
    tenant.becomes(first.json["id"], "sent")
    assert len(world.mails_to(address)) == 1


@story
def a_bounced_address_is_not_written_to_again(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    world.tell(ses.bounce(mail))
    tenant.becomes(message, "bounced")

    assert tenant.suppressed() == [address]
    second = tenant.send(contact, "2")
    tenant.becomes(second, "rejected")
    assert len(world.mails_to(address)) == 1


@story
def a_cancelled_message_is_never_sent(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1", send_at=in_seconds(3600))
    tenant.becomes(message, "scheduled")
    tenant.api.post(f"/v1/messages/{message}/cancel", expect=200)
    assert tenant.message(message)["status"] == "cancelled"
    assert world.mails_to(address) == []
