"""What the outside tells, and whom the product believes."""

import json
import re

from harness import ses
from harness.story import story


def _sent(world):
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    return tenant, message, ses.delivery(mail)


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
    world.post_envelope(unsigned, expect=400)
    for envelope in (changed, strangers, elsewhere):
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
    contact, address = tenant.contact("Ada", consents={"email:newsletter": True})
    message = tenant.send(contact, "1", category="newsletter")
    tenant.becomes(message, "sent")
    [mail] = world.mails_to(address)
    assert mail.content["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", mail.content
    link = re.search(r"<https://links\.example(/u/[^>]+)>", mail.content["List-Unsubscribe"])[1]

    def wants_more():
        return tenant.api.get(f"/v1/contacts/{contact}").json["consents"]["email:newsletter"]["granted"]

    world.anyone.get(link)
    assert wants_more()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    world.anyone.post(link, "List-Unsubscribe=One-Click", expect=200, headers=form)
    assert not wants_more()
    tenant.becomes(tenant.send(contact, "2", category="newsletter"), "rejected")
    assert len(world.mails_to(address)) == 1
