"""What a language is: rules that rewrite its words into English ones, and what is said in it.

A pattern is words of the language, and these marks:

- `#` a whole number, in digits or words; `##` one of two digits; `%` an ordinal (`1st`, `1-го`,
  `1º`); `~` a clock time (`9:15`); `^` a number with two decimals, a clock time in some languages.
- `.` and `-` marks that touch the word before them; `,` a comma.
- `|` what follows has to stand there, and stays for the next rule.

What it becomes is English words, and `#`, `%`, `~`, `^` for what was matched, in its order; `#th`
is the number as an ordinal, `#:30` that time of day, `-#:30` the same an hour before, `#:#` both
numbers; `1th` and `2:30` stand for themselves. Such a time of day is of either half of the day, as
a bare hour is. "" is no time.
Longer patterns come first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Final

from chatops.when.languages.speech import Speech

_PIECE: Final = re.compile(r"##|[#%~^|,.-]|[^\s#%~^|,.-]+")
_GROUP: Final = re.compile(r"\{(\w+)\}")
Rules = Iterable[tuple[str, str]]


@dataclass(slots=True)
class Node:
    """A place in the tree of patterns. `output`: what the pattern that ends here becomes; `ahead`:
    how many of its pieces stay for the next rule."""

    after: dict[str, "Node"] = field(default_factory=dict)
    output: str | None = None
    ahead: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """`rules` name words of `groups`. `numbers`: its words for them, folded. `naming`: words after
    which a day is a name for something ("the report of monday"). `me`, `us`, `to`: how one says for
    whom a reminder is, and what then comes before it. `reasons`: words with which a comment begins.
    All words are folded, but those of reasons."""

    speech: Speech
    rules: Rules = ()
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    folded: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    naming: frozenset[str] = frozenset()
    me: frozenset[str] = frozenset({"me"})
    us: frozenset[str] = frozenset({"us", "everybody", "everyone", "here"})
    to: tuple[str, ...] = ("to", "that")
    reasons: tuple[tuple[str, ...], ...] = ()

    def fold(self, word: str) -> str:
        """The word without what people leave out when they type."""
        return word.lower().translate(self.folded)


@cache
def root_of(language: Language) -> Node:
    """The tree of its rules; made when it is first spoken, for it takes 2 to 4 MB and most
    processes never need one."""
    return tree(expanded(language.rules, language.groups), language.folded)


def tree(rules: Rules, folded: Mapping[int, str]) -> Node:
    """The tree of these patterns. Of the same pattern the first rule counts."""
    root = Node()
    for pattern, output in rules:
        node = root
        pieces = _PIECE.findall(pattern.lower().translate(folded))
        ahead = len(pieces) - pieces.index("|") - 1 if "|" in pieces else 0
        for piece in pieces:
            if piece != "|":
                node = node.after.setdefault(piece, Node())
        if node.output is None:
            node.output, node.ahead = output, ahead
    return root


def expanded(rules: Rules, groups: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Each rule once for each word of the groups that its pattern names: `bis {day}`."""
    for pattern, output in rules:
        names = _GROUP.findall(pattern)
        for words in product(*(groups[name].items() for name in names)):
            typed = _GROUP.sub("{}", pattern).format(*(word for word, _ in words))
            english = dict(zip(names, (meaning for _, meaning in words), strict=True))
            yield typed, output.format(**english)


def meaning(table: Mapping[str, str]) -> dict[str, str]:
    """From "second" → "sekunde sekunden sek" to each of those words and its meaning; "_" stands
    for a space."""
    return {
        word.replace("_", " "): english
        for english, words in table.items()
        for word in words.split()
    }
