"""The language that is spoken here and now, and what texts are in it.

Texts stand in the code in English, marked by `gettext` and its kin, with what varies in braces:
`gettext("Your zone is {zone}.").format(zone=zone)`. A catalogue beside this module has them in each
other language; `make languages` brings it up to date with the code. Outside of `speaking` English
is spoken: the console and the REST API are English.
"""

import gettext as catalogues
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
LANGUAGES: Final = {
    ENGLISH: "English",
    "de": "Deutsch",
    "es": "Español",
    "ru": "Русский",
}
"""By their ISO 639-1 code, as their speakers call them."""
CODE_MAX: Final = 8
"""Characters of a code in the database."""

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def spoken() -> str:
    """The code of the language that is spoken."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak it until the end of the block, in this thread alone. What is no language of ours is
    English."""
    token = _spoken.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(token)


def language_of(tag: str) -> str:
    """The language of ours that an IETF tag is of (Bot API User.language_code: "de", "pt-br"); ""
    where there is none."""
    code = tag.lower().replace("_", "-").partition("-")[0]
    return code if code in LANGUAGES else ""


def first_language(*codes: str) -> str:
    """The first that is said and is one of ours; English where none is."""
    return next((code for code in codes if code in LANGUAGES), ENGLISH)


def gettext(text: str) -> str:
    """The text in the language that is spoken. To be written out: what is only known when the
    program runs is in no catalogue, unless `gettext_noop` marks it elsewhere."""
    language = _spoken.get()
    if language == ENGLISH or not text:  # "" is what a catalogue has its own head under
        return text
    return _catalogue(language).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the text for this number; the number itself stands in it as `{count}` or not."""
    language = _spoken.get()
    if language == ENGLISH:
        return one if count == 1 else many
    return _catalogue(language).ngettext(one, many, count)


def pgettext(meaning: str, text: str) -> str:
    """The text in the meaning that is told, where one word has several: "on" of a switch."""
    language = _spoken.get()
    return text if language == ENGLISH else _catalogue(language).pgettext(meaning, text)


def gettext_noop(text: str) -> str:
    """The text itself: a constant, for `gettext` once it is known who reads it."""
    return text


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> catalogues.GNUTranslations:
    path = Path(__file__).with_name(f"{language}.mo")
    with path.open("rb") as file:
        return catalogues.GNUTranslations(file)
