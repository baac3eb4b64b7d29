"""What is for later."""

from harness.story import story
from harness.tenant import in_seconds


@story
def a_scheduled_message_leaves_when_its_minute_comes(world):
    """The schedule of template.yaml fires once a minute, so this is the longest story."""
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    message = tenant.send(contact, "1", send_at=in_seconds(5))
    assert tenant.message(message)["status"] == "scheduled"
    tenant.becomes(message, "sent", seconds=130)
    assert len(world.mails_to(address)) == 1
