"""One attack: what is done, and where a person sees that it was tried."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chatops.forgery.scene import Scene
from tests.chatops.forgery.state import Trace, Whose


@dataclass(frozen=True)
class Attack:
    """`spends`: models whose rows it may change, for that is how it is defused. `prepare`: what was
    so before."""

    name: str
    work: Callable[[Scene], object]
    trace: Trace
    spends: tuple[str, ...] = ()
    prepare: Callable[[Scene], object] = lambda scene: None


def audit(words: str, whose: Whose = "home") -> Trace:
    """An entry of the audit."""
    return Trace("audit", words, whose)


def updates(words: str, whose: Whose = "home") -> Trace:
    """What came of the update, on the console."""
    return Trace("updates", words, whose)


def figure(words: str, of: str = "update_posts") -> Trace:
    """A counter of the installation, `of` what is posted."""
    return Trace("metrics", f'{of}_total{{outcome="{words}"}}')
