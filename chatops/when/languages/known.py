"""Which languages there are, and the one that is spoken."""

from typing import Final

from chatops.when.languages.de import GERMAN
from chatops.when.languages.en import ENGLISH
from chatops.when.languages.es import SPANISH
from chatops.when.languages.language import Language
from chatops.when.languages.ru import RUSSIAN
from chatops.when.languages.speech import Speech
from languages.speaking import ENGLISH as ENGLISH_CODE
from languages.speaking import spoken

KNOWN: Final = {ENGLISH_CODE: ENGLISH, "de": GERMAN, "es": SPANISH, "ru": RUSSIAN}


def spoken_language() -> Language:
    """English where times of the spoken one are not known."""
    return KNOWN.get(spoken(), ENGLISH)


def spoken_speech() -> Speech:
    """What is said in it."""
    return spoken_language().speech


def read_languages() -> tuple[Language, ...]:
    """Those in which a time is read, the spoken one first: English always is."""
    return tuple(dict.fromkeys((spoken_language(), ENGLISH)))
