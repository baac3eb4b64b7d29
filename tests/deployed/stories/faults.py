"""What goes wrong stays small."""

from harness.story import story, until


@story
def a_poisoned_job_is_parked_and_its_neighbour_is_sent(world):
    """Both wait on the queue until send looks again, so that they come in one batch."""
    world.hurry_dead_letters()
    tenant = world.tenant()
    contact, address = tenant.contact("Ada")
    world.pause_sending()
    message = tenant.send(contact, "1")
    until("a job for the message", lambda: len(world.jobs()) == 1)
    poison = ['{"v":99,"who":"knows"}', "no job at all"]
    for body in poison:
        world.put_job(body)
    world.resume_sending()

    tenant.becomes(message, "sent")
    assert len(world.mails_to(address)) == 1
    until("the poison among the dead letters", lambda: sorted(world.dead_letters()) == sorted(poison), 60)
    assert world.jobs() == []
