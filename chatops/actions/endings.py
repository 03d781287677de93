"""Why a run ended where its endpoint did not say so. Pure.

Each is said anew in the language of whoever reads it: the row has it in English, its chat in its
own. What an endpoint answered stands in it as it came.
"""

from collections.abc import Callable

from languages.numbers import grouped
from languages.speaking import gettext

Why = Callable[[], str]
"""Says it in the language that is spoken."""


def unconfirmed() -> str:
    """It was asked, and nobody pressed Run."""
    return gettext("Nobody confirmed it in time.")


def not_run() -> str:
    """Somebody pressed Cancel, or may not run it any more."""
    return gettext("Not run.")


def endpoint_removed() -> str:
    """While the call to it waited."""
    return gettext("The endpoint was removed.")


def not_taken(answer: str) -> str:
    """`answer`: what came of the last try."""
    return gettext("The endpoint did not take it: {answer}").format(answer=answer)


def not_understood(field: str, why: str) -> str:
    """Its answer is no report: `field` of it, "" for the whole; `why` as its author is told."""
    words = gettext("Its answer can't be read.")
    return f"{words} {field}: {why}" if field else f"{words} {why}"


def no_result(seconds: int, so_far: str, last_try: str) -> str:
    """`so_far`: what the endpoint said last; `last_try`: what came of the call; "" for nothing."""
    words = gettext("There was no result within {seconds} s.").format(seconds=grouped(seconds))
    if last_try:
        words += " " + gettext("Last try: {answer}").format(answer=last_try)
    return f"{so_far}\n{words}" if so_far else words
