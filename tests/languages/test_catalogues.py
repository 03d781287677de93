"""Each language has every text, with the same names in braces, and is compiled as it stands."""

import ast
import gettext
import io
import string
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from languages.speaking import ENGLISH, LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "languages"
PACKAGES = ("accounts", "alerts", "botapi", "channels_app", "chatops", "deliveries", "languages")
OTHERS = [code for code in LANGUAGES if code != ENGLISH]
HINT = "run `make languages`, then translate what is empty"

Key = tuple[str, str]


@lru_cache(maxsize=1)
def texts_of_the_code() -> frozenset[Key]:
    """(context or "", text), of plural forms the singular."""
    found = set()
    for package in PACKAGES:
        for _, _, message, _, context in extract_from_dir(
            ROOT / package,
            [("**.py", "python")],
            keywords=DEFAULT_KEYWORDS | {"gettext_noop": None},
        ):
            found.add((context or "", message if isinstance(message, str) else message[0]))
    return frozenset(found)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def within_f_strings(source: str) -> list[int]:
    """Lines on which a text is marked within an f-string, where Babel does not see it."""
    return [
        call.lineno
        for joined in ast.walk(ast.parse(source))
        if isinstance(joined, ast.JoinedStr)
        for call in ast.walk(joined)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("gettext", "ngettext", "pgettext", "gettext_noop")
        and any(isinstance(argument, ast.Constant) for argument in call.args)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_is_marked_within_an_f_string(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in within_f_strings(path.read_text())
    ]
    assert found == [], "mark it before, and name it in the f-string"


def test_a_text_within_an_f_string_is_found() -> None:
    assert within_f_strings("f\"{mark} {gettext('MISSED')}\"\nf'{gettext(STATE)}'\n") == [1]


@dataclass(frozen=True)
class Text:
    """One text of a catalogue: `source` and `forms` have several where it has plural forms."""

    context: str
    source: tuple[str, ...]
    forms: tuple[str, ...]
    is_fuzzy: bool


def _all(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def texts(language: str) -> list[Text]:
    return [
        Text(one.context or "", _all(one.id), _all(one.string), one.fuzzy)
        for one in catalogue(language)
        if one.id
    ]


def names_in(text: str) -> set[str]:
    """What stands in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_it_has_each_text_of_the_code_and_no_other(language: str) -> None:
    has = {(one.context, one.source[0]) for one in texts(language)}
    assert sorted(texts_of_the_code() - has) == [], HINT
    assert sorted(has - texts_of_the_code()) == [], HINT


@pytest.mark.parametrize("language", OTHERS)
def test_each_text_is_translated(language: str) -> None:
    for one in texts(language):
        wanted = 1 if len(one.source) == 1 else catalogue(language).num_plurals
        assert len([form for form in one.forms if form]) == wanted, f"{one.source}: {HINT}"
        assert not one.is_fuzzy, one.source


@pytest.mark.parametrize("language", OTHERS)
def test_each_translation_names_the_same_in_braces(language: str) -> None:
    for one in texts(language):
        known = set().union(*(names_in(source) for source in one.source))
        for form in one.forms:
            assert names_in(form) <= known, one.source
        # A form for one number alone may leave the number out; the last one is for many.
        assert names_in(one.forms[-1]) == names_in(one.source[-1]), one.source


@pytest.mark.parametrize("language", OTHERS)
def test_each_translation_begins_and_ends_as_its_text(language: str) -> None:
    """Spaces and line ends are layout: what stands before and after depends on them."""
    for one in texts(language):
        for form in one.forms:
            assert edges_of(form) == edges_of(one.source[-1]), one.source


def edges_of(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_stands_in_the_catalogue(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    with (FOLDER / f"{language}.mo").open("rb") as file:
        stored = gettext.GNUTranslations(file)
    fresh = gettext.GNUTranslations(io.BytesIO(compiled.getvalue()))
    assert _facts(stored) == _facts(fresh), HINT


def _facts(translations: gettext.GNUTranslations) -> dict[object, str]:
    entries: dict[object, str] = vars(translations)["_catalog"]
    return {key: text for key, text in entries.items() if key}
