"""Writes a template of ours so that what it tells has the very lines that Go's has.

Here a tag alone on its line leaves no line behind; in Go it leaves an empty one. So a tag that
begins a line gets one of its own, and an empty line is written where Go would leave one.
"""

import re

_BRACE = re.compile(r"\{(?=[{%#])|\{$")


class Writer:
    """The draft, as far as it is written."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._begin_line()

    def _begin_line(self) -> None:
        self._is_empty = True
        self._has_words = False
        self._has_tags = False

    def text(self, text: str) -> None:
        """The author's own words and markup."""
        *lines, last = _BRACE.sub('{{ "{" }}', text).split("\n")
        for line in lines:
            self._words(line)
            is_swallowed = self._has_tags and not self._has_words
            self._pieces.append("\n\n" if is_swallowed else "\n")
            self._begin_line()
        self._words(last)

    def _words(self, words: str) -> None:
        self._pieces.append(words)
        self._is_empty = self._is_empty and not words
        self._has_words = self._has_words or bool(words.strip(" \t"))

    def value(self, expression: str) -> None:
        """`{{ … }}`."""
        self._words(f"{{{{ {expression} }}}}")

    def tag(self, tag: str) -> None:
        """`{% … %}`."""
        self._own(f"{{% {tag} %}}")

    def comment(self, text: str) -> None:
        """`{# … #}`, on one line."""
        self._own(f"{{# {' '.join(text.split()).replace('#}', '# }')} #}}")

    def _own(self, tag: str) -> None:
        if self._is_empty:
            self._pieces.append(f"{tag}\n")
        else:
            self._pieces.append(tag)
            self._has_tags = True

    def written(self) -> str:
        """All of it."""
        return "".join(self._pieces)
