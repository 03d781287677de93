"""A place in a text's tokens, which readers move on; who reads in vain puts it back."""

from dataclasses import dataclass
from typing import Any

from chatops.when.tokens import Kind, Token
from chatops.when.words import FULL_WEEKDAYS, TOMORROW

_AFTER_HOUR = frozenset(
    {
        *("because", "due", "since", "on", "in", "to", "today", "every", "each", "for"),
        *TOMORROW,
        *FULL_WEEKDAYS,
    }
)


@dataclass(slots=True)
class Cursor:
    """`strict`: a bare number is an hour only where nothing else follows that it could count, as in
    "look at 3 servers"."""

    tokens: tuple[Token, ...]
    at: int = 0
    strict: bool = False

    @property
    def here(self) -> Token | None:
        """The token that stands here; None at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def word(self, *words: str) -> bool:
        """Takes these words, one after the other; False where others stand here."""
        token = self.here
        if token is None or not token.is_word(words[0]):
            return False
        found = self.tokens[self.at : self.at + len(words)]
        taken = len(found) == len(words) and all(map(Token.is_word, found, words))
        self.at += len(words) if taken else 0
        return taken

    def one_of(self, words: Any) -> str | None:
        """Takes one word of a set or of a mapping's keys."""
        token = self.here
        if token is None or token.kind is not Kind.WORD or token.value not in words:
            return None
        self.at += 1
        return str(token.value)

    def take(self, kind: Kind) -> Any | None:
        """Takes a token of this kind and gives its value."""
        token = self.here
        if token is None or token.kind is not kind:
            return None
        self.at += 1
        return token.value

    def mark(self, characters: str) -> bool:
        token = self.here
        taken = token is not None and token.kind is Kind.MARK and token.value in characters
        self.at += taken
        return taken

    def whole(self, lowest: int, highest: int) -> int | None:
        """Takes a whole number between the two."""
        token = self.here
        if token is None or token.kind is not Kind.NUMBER:
            return None
        if token.value.denominator != 1 or not lowest <= token.value <= highest:
            return None
        self.at += 1
        return int(token.value)

    def may_end_hour(self) -> bool:
        """Whether the number before can be an hour, by what follows."""
        token = self.here
        if not self.strict or token is None or token.kind is not Kind.WORD:
            return token is None or not self.strict or token.kind is Kind.MARK
        return token.value in _AFTER_HOUR
