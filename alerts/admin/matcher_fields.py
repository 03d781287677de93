"""Matchers and labels as people write them on the console: one a line, or separated by commas."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from alerts.matchers import MatcherError, parse_matchers, read_matchers


def joined_lines(value: Any) -> str:
    """One text for `parse_matchers`: the end of a line ends a matcher as a comma does. Raises
    MatcherError for a line of several that is wrong by itself."""
    lines = [line.strip().rstrip(",") for line in str(value or "").splitlines()]
    joined = ", ".join(line for line in lines if line)
    if len(lines) > 1 and not joined.startswith("{"):
        _check_each(lines)
    return joined


def _check_each(lines: list[str]) -> None:
    """What is wrong in all of them would be told with its place in a text that nobody wrote."""
    for number, line in enumerate(lines, start=1):
        try:
            parse_matchers(line)
        except MatcherError as error:
            raise MatcherError(f"line {number}: {error.reason}", error.position) from None


class MatchersField(forms.CharField):
    """Matchers, one a line or separated by commas; the write function reads them."""

    widget = UnfoldAdminTextareaWidget(
        attrs={"rows": 3, "spellcheck": "false", "class": "tocsin-code"}
    )

    def prepare_value(self, value: Any) -> Any:
        """As people write them."""
        return matchers_text(value, "\n") if isinstance(value, list) else value

    def to_python(self, value: Any) -> str:
        """One text; a line ends a matcher as a comma does. Raises ValidationError."""
        try:
            return joined_lines(value)
        except MatcherError as error:
            raise forms.ValidationError(str(error)) from None


def matchers_text(value: Any, between: str) -> str:
    """Stored matchers in Alertmanager's syntax."""
    return between.join(map(str, read_matchers(value)))
