"""The stories, in the order in which they are told."""

from stories import access, sending, events, counting, clock, faults  # noqa: F401
