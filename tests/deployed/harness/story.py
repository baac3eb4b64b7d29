"""Collects the stories, tells them one after the other and says how each ended."""

import time
import traceback
from collections.abc import Callable

_stories: list[tuple[str, Callable]] = []


def story(function: Callable) -> Callable:
    """Marks a story. Its name is the function's, its text the function's docstring."""
    _stories.append((function.__name__.replace("_", " "), function))
    return function


def until(what: str, look: Callable, seconds: float = 30):
    """Looks until there is something to see, and fails at the deadline. This is the only waiting: the stack runs on wall time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise AssertionError(f"after {seconds:g} s: not yet {what}")


def _told(error: Exception) -> str:
    """What went wrong and which lines of the story led there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/stories/" in frame.filename]
    lines = [f"        {frame.filename.rsplit('/', 1)[1]}:{frame.lineno}: {frame.line}" for frame in frames]
    return "\n".join([*lines, f"        {type(error).__name__}: {error}"])


def tell(world, only: str = "") -> tuple[int, int]:
    """Tells the stories whose name contains `only`; how many passed and how many failed."""
    passed = failed = 0
    for name, function in _stories:
        if only not in name:
            continue
        started = time.monotonic()
        try:
            function(world)
        except Exception as error:
            failed += 1
            print(f"FAILED  {name} ({time.monotonic() - started:.1f} s)\n{_told(error)}", flush=True)
        else:
            passed += 1
            print(f"ok      {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return passed, failed
