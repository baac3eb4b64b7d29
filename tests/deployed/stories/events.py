"""What the outside tells, and whom the product believes."""

import json

from harness import ses
from harness.story import story, until


def _sent(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    return tenant, message, ses.delivery(mail, world.stack.outputs["ConfigurationSetName"])


@story
def the_topic_is_confirmed_when_it_asks(world):
    envelope = world.signer.confirmation(world.topic)
    world.post_envelope(envelope, expect=200)
    assert any(envelope["Token"] in asked for asked in world.origin.asked), world.origin.asked


@story
def an_event_that_nobody_signed_changes_nothing(world):
    tenant, message, event = _sent(world)
    good = world.signer.notification(world.topic, event)
    unsigned = {name: value for name, value in good.items() if name != "Signature"}
    changed = good | {"Message": json.dumps(event | {"extra": True})}
    strangers = world.stranger.notification(world.topic, event)
    elsewhere = world.signer.notification(world.topic + "-other", event)
    for envelope in (unsigned, changed, strangers, elsewhere):
        world.post_envelope(envelope, expect=401)
    assert tenant.message(message)["status"] == "sent"


@story
def an_event_told_twice_counts_once(world):
    tenant, message, event = _sent(world)
    envelope = world.signer.notification(world.topic, event)
    world.post_envelope(envelope, expect=200)
    tenant.becomes(message, "delivered")
    world.post_envelope(envelope, expect=200)
    deliveries = [seen for seen in tenant.message(message)["events"] if seen["kind"] == "delivered"]
    assert len(deliveries) == 1, deliveries


@story
def one_click_unsubscribes_and_a_look_does_not(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1", category="marketing")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    link = until("an unsubscribe link in the mail", lambda: _link(mail["BodyHtml"]), 1)
    world.anyone.get(link)
    assert tenant.api.get("/v1/suppressions").json["data"] == []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    world.anyone.post(link, "List-Unsubscribe=One-Click", expect=200, headers=form)
    assert [row["address"] for row in tenant.api.get("/v1/suppressions").json["data"]] == [address]


def _link(html: str) -> str | None:
    start = html.find("/u/")
    return html[start : html.index('"', start)] if start >= 0 else None
