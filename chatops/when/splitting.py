"""A command's arguments taken apart: what it is about, when, and what else was said.

A time is looked for outside quotes and braces only, so `{at="2h"}` is a matcher. Of several times
that could be meant none is guessed: they are asked for, and quotes around what is not the time say
it too. Texts are parts of what was typed, unchanged.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Final

from chatops.when import words
from chatops.when.cursor import Cursor
from chatops.when.grammar import read_occasion_phrase, read_span_phrase
from chatops.when.languages.known import read_languages, spoken_language, spoken_speech
from chatops.when.languages.language import Language
from chatops.when.languages.rewriting import rewritten
from chatops.when.languages.speech import listed
from chatops.when.phrases import At, Lasting, Phrase, Unitless, Weekday
from chatops.when.readings import Choice, Unclear
from chatops.when.tokens import Kind, Token, tokens_of
from languages.speaking import gettext

MAX_TEXT: Final = 4_096
"""Characters of a Telegram message; beyond them no time is looked for."""
_MAX_CHOICES: Final = 4
_BEGINS: Final = frozenset(
    {
        *words.UNTIL,
        *words.NUMBERS,
        *words.WEEKDAYS,
        *words.PLURAL_WEEKDAYS,
        *words.MONTHS,
        *words.TOMORROW,
        *("for", "from", "in", "at", "by", "on", "the", "next", "this", "coming", "end", "eod"),
        *("today", "tonight", "yesterday", "overnight", "noon", "midday", "midnight", "half"),
        *("couple", "quarter", "weekend", "weekends", "weekdays", "workdays", "every", "each"),
        *("hourly", "daily", "weekly", "monthly", "yearly", "annually", "day"),
    }
)
_MARKED: Final = frozenset({*words.UNTIL, "for", "from", "in", "at", "by", "on", "every", "each"})
_NOT_AFTER: Final = frozenset({"of", "the", "a", "an", "my", "our", "your", "their", "about"})
"""Words after which a day is a name for something: "the report of monday"."""
_LEADING: Final = _MARKED - words.UNTIL | {"the", "a", "an", "this", "next", "end"}
"""Words of any sentence, which begin a time only where another word of one follows."""
_FOLLOWING: Final = frozenset(
    {
        *_BEGINS,
        *words.UNITS,
        *words.PARTS,
        *words.ORDINALS,
        *("other", "single", "night", "month", "weekday", "workday", "rest", "now", "hour"),
    }
)
_OTHER: Final = Token(Kind.OTHER, None, 0, 0, first=False)
_REASONS: Final = (("because", "of"), ("due", "to"), ("because",), ("since",), ("reason",))
"""Longer ones first."""
_REASON_MARKS: Final = ("//", "#", "--", "—", "–", "-")
_HYPHEN: Final = "-"
"""Within a word it is part of a name: "web-frontend"."""
_PUNCTUATION: Final = " \t\r\n,;:.—–-"
_NUMERIC: Final = frozenset(
    {Kind.NUMBER, Kind.NEGATIVE, Kind.ORDINAL, Kind.CLOCK, Kind.DATE, Kind.SLASHED}
)


@dataclass(frozen=True, slots=True)
class Split:
    """`subject`: what it is about, such as matchers or what to be reminded of. `when`: a text for
    the readers of `chatops.when.reading`. `comment`: why. Each is "" where it was not said."""

    subject: str
    when: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, order=True)
class _Found:
    """A phrase: the tokens from `first` to before `after`. `marked`: it says itself that it is a
    time, by a word such as "until" or by being more than one word."""

    first: int
    after: int
    marked: bool
    unitless: bool = False


def split_silence(text: str) -> Split | Unclear[Split]:
    """ "HighCPU for 2 hours because deploy": subject, time, comment. What follows a time at the
    very beginning is the subject, unless a word such as "because" or a mark makes it a comment."""
    tokens = tokens_of(text) if len(text) <= MAX_TEXT else ()
    reason = next((at for at in range(len(tokens)) if _reason_words(text, tokens, at)), len(tokens))
    found = _spans(tokens)
    before = [one for one in found if one.first < reason]
    if not before:
        before = [one for one in found if one.marked]
    splits = [(_piece(text, tokens, one), _silence(text, tokens, one, reason)) for one in before]
    if len(splits) > 1:
        return _unclear(splits)
    return splits[0][1] if splits else _silence(text, tokens, None, reason)


def split_reminder(text: str) -> Split | Unclear[Split]:
    """ "me to call Ann tomorrow at 9", "in 2h check the backup", "check disks every weekday at
    9:15": what to be reminded of, and when. The comment is always ""."""
    tokens = tokens_of(text) if len(text) <= MAX_TEXT else ()
    found = [one for one in _occasions(tokens) if one.marked or _is_at_edge(tokens, one)]
    splits = [(_piece(text, tokens, one), _reminder(text, tokens, one)) for one in found]
    if len(splits) > 1:
        return _unclear(splits)
    return splits[0][1] if splits else _reminder(text, tokens, None)


def _spans(tokens: tuple[Token, ...]) -> list[_Found]:
    """All of them; "for 500" only where nothing else is a time."""
    found = _scanned(tokens, read_span_phrase, strict=False)
    return [one for one in found if not one.unitless] or found


def _occasions(tokens: tuple[Token, ...]) -> list[_Found]:
    """All of them; "at 3" before "servers" is an hour only where nothing else is a time and the
    text begins or ends with it. Both ways stand here where a day is before: "monday 3 servers"."""
    free = _scanned(tokens, read_occasion_phrase, strict=False)
    sure = _scanned(tokens, read_occasion_phrase, strict=True)
    if sure == free:
        return free
    firsts = {one.first for one in sure}
    both = sorted({*sure, *(one for one in free if one.first in firsts)})
    return both or [one for one in free if _is_at_edge(tokens, one)]


def _scanned(
    tokens: tuple[Token, ...], grammar: Callable[[Cursor], Phrase | None], *, strict: bool
) -> list[_Found]:
    """What is found in the spoken language; in English where that finds nothing, or where English
    goes on: "at 5 am" begins with a German time."""
    found: list[_Found] = []
    for language in read_languages():
        more = list(_scan(tokens, language, grammar, strict=strict))
        longer = {one.first: one for one in more}
        found = [max(one, longer.get(one.first, one)) for one in found] if found else more
    return found


def _scan(
    tokens: tuple[Token, ...],
    language: Language,
    grammar: Callable[[Cursor], Phrase | None],
    *,
    strict: bool,
) -> Iterator[_Found]:
    """The places are those of `tokens`, what is read are the language's."""
    read = rewritten(tokens, language)
    starts = {token.start: number for number, token in reversed(list(enumerate(tokens)))}
    ends = {token.end: number for number, token in enumerate(tokens, 1)}
    at = 0
    while at < len(read):
        cursor = Cursor(read, at, strict)
        first = starts[read[at].start]
        phrase = grammar(cursor) if _may_begin(read, at, tokens, first, language) else None
        if phrase is None or not _ends_word(cursor) or _is_a_name(phrase, read, at, cursor.at):
            at += 1
            continue
        after = ends[read[cursor.at - 1].end]
        several = sum(token.first for token in tokens[first:after]) > 1
        marked = several or read[at].value in _MARKED
        yield _Found(first, after, marked, isinstance(phrase, Unitless))
        at = cursor.at


def _may_begin(
    tokens: tuple[Token, ...],
    at: int,
    typed: tuple[Token, ...],
    first: int,
    language: Language,
) -> bool:
    """Whether a time may begin at `at`, which is typed at `first`."""
    token = tokens[at]
    if not token.first or (at and tokens[at - 1].is_word(*_NOT_AFTER)):
        return False
    before = typed[first - 1] if first else _OTHER
    if before.kind is Kind.WORD and language.fold(before.value) in language.naming:
        return False
    if token.kind is not Kind.WORD:
        return token.kind in _NUMERIC
    if token.value not in _LEADING:
        return token.value in _BEGINS
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return after is not None and (after.kind in _NUMERIC or after.value in _FOLLOWING)


def _ends_word(cursor: Cursor) -> bool:
    token = cursor.here
    return token is None or token.first or token.kind is Kind.MARK


def _is_a_name(phrase: Phrase, tokens: tuple[Token, ...], at: int, after: int) -> bool:
    """Whether it may well be something else: "sun" is also a machine, 500 an HTTP status."""
    if after - at > 1:
        return False
    if isinstance(phrase, At) and isinstance(phrase.point.day, Weekday):
        return tokens[at].value in words.SHORT_WEEKDAYS
    return isinstance(phrase, Unitless) or (isinstance(phrase, Lasting) and not phrase.is_bare)


def _is_at_edge(tokens: tuple[Token, ...], found: _Found) -> bool:
    language = spoken_language()
    whom = language.me | language.us
    before = [token for token in tokens[: found.first] if not token.is_word(*whom)]
    return not before or all(token.kind is Kind.MARK for token in tokens[found.after :])


def _reason_words(text: str, tokens: tuple[Token, ...], at: int) -> int:
    """How many tokens here begin a comment."""
    for reason in (*_REASONS, *spoken_language().reasons):
        if tuple(token.value for token in tokens[at : at + len(reason)]) == reason:
            return len(reason)
    mark = text[tokens[at].start : tokens[at].end]
    return int(mark in _REASON_MARKS and (tokens[at].first or mark != _HYPHEN))


def _piece(text: str, tokens: tuple[Token, ...], found: _Found) -> str:
    return text[tokens[found.first].start : tokens[found.after - 1].end]


def _bounds(tokens: tuple[Token, ...], found: _Found) -> tuple[int, int]:
    """Where the phrase begins and ends in the text, with the parentheses around it."""
    around = (
        *tokens[max(found.first - 1, 0) : found.first],
        *tokens[found.after : found.after + 1],
    )
    if [token.value for token in around if token.kind is Kind.MARK] == ["(", ")"]:
        return around[0].start, around[1].end
    return tokens[found.first].start, tokens[found.after - 1].end


def _silence(text: str, tokens: tuple[Token, ...], found: _Found | None, reason: int) -> Split:
    """`reason`: the token with which a comment begins; their number where there is none."""
    if found is None:
        subject, comment = _divided(text, tokens, 0, len(text), reason)
        return Split(subject, "", comment)
    starts, ends = _bounds(tokens, found)
    subject, why = _divided(text, tokens, 0, starts, reason)
    tail_subject, tail = _divided(text, tokens, ends, len(text), reason)
    is_comment = bool(subject or why) or _has_mark(tokens, found.after)
    if tail_subject and not is_comment:
        subject, tail_subject = tail_subject, ""
    comment = " ".join(filter(None, (why, tail_subject, tail)))
    return Split(subject, _piece(text, tokens, found), comment)


def _divided(
    text: str, tokens: tuple[Token, ...], start: int, end: int, reason: int
) -> tuple[str, str]:
    """What stands before the comment's first word, and what after it, between two places."""
    if reason >= len(tokens) or tokens[reason].start >= end:
        return _tidy(text[start:end]), ""
    if tokens[reason].start < start:
        return "", _tidy(text[start:end])
    last = reason + _reason_words(text, tokens, reason) - 1
    return _tidy(text[start : tokens[reason].start]), _tidy(text[tokens[last].end : end])


def _has_mark(tokens: tuple[Token, ...], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind is Kind.MARK


def _tidy(text: str) -> str:
    return text.strip(_PUNCTUATION)


def _reminder(text: str, tokens: tuple[Token, ...], found: _Found | None) -> Split:
    if found is None:
        return Split(_without_address(text))
    starts, ends = _bounds(tokens, found)
    after = text[ends:].lstrip("!?")
    parts = (_without_address(text[:starts]), _without_address(after))
    return Split(" ".join(filter(None, parts)), _piece(text, tokens, found))


def _without_address(text: str) -> str:
    """Without the "me to" of "remind me to"."""
    kept = _tidy(text)
    language = spoken_language()
    kept = _without(kept, language.me | language.us)
    for word in language.to:
        kept = _without(kept, {word})
    return kept


def _without(text: str, words: Set[str]) -> str:
    first, _, rest = text.partition(" ")
    return rest.strip() if spoken_language().fold(first).rstrip(",") in words else text


def _unclear(splits: list[tuple[str, Split]]) -> Unclear[Split]:
    choices = tuple(Choice(when, split, when) for when, split in splits[:_MAX_CHOICES])
    told = listed([f"“{choice.text}”" for choice in choices], spoken_speech().last_or)
    question = gettext("Which one is the time, {times}?").format(times=told)
    return Unclear(question, choices)
