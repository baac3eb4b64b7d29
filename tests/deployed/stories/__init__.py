"""The stories, in the order in which they are told."""

from stories import access, sending, events, faults, counting, clock  # noqa: F401
