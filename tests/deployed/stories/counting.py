"""The counters are exact."""

from harness import ses
from harness.story import story, until


@story
def the_counters_add_up(world):
    tenant = world.tenant()
    sent = []
    for name in ("Ada", "Grace", "Edsger"):
        contact, address = tenant.contact(name)
        sent.append((tenant.send(contact, "1"), address))
    for message, _ in sent:
        tenant.becomes(message, "sent")
    for _, address in sent[:2]:
        world.tell(ses.delivery(world.mails_to(address)[0]))
    for message, _ in sent[:2]:
        tenant.becomes(message, "delivered")

    def look():
        totals = tenant.api.get("/v1/analytics/emails").json["totals"]
        return (totals["accepted"], totals["sent"], totals["delivered"]) == (3, 3, 2)

    until("three accepted, three sent, two delivered", look)
