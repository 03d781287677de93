r"""What the query of a request asks for. Pure.

A filter is one matcher, read as Alertmanager 0.25 does (pkg/labels/parse.go, ParseMatcher), so that
`a=b,c=d` is the value `b,c=d`. What that refuses may be written as newer ones take it: in braces,
with names in quotes, several at once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.alertmanager_api.errors import words
from alerts.matchers import Matcher, MatcherError, MatchOp, parse_matchers

_TRUE = frozenset(("true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"))
"""github.com/go-openapi/swag, ConvertBool; every other text is false."""
_CLASSIC = re.compile(
    r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL | re.ASCII
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\([n\"\\])")
_FILTERS_MAX = 100

Query = Mapping[str, Sequence[str]]
"""Parameter → its values."""


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts: `matchers` all hold, `receiver` fits one of the alert's receivers."""

    matchers: Sequence[Matcher] = ()
    receiver: Matcher | None = None
    active: bool = True
    silenced: bool = True
    inhibited: bool = True

    def shows(self, silenced_by: Sequence[str], inhibited_by: Sequence[str]) -> bool:
        """Whether alerts in such a state are asked for."""
        if silenced_by or inhibited_by:
            return (self.silenced or not silenced_by) and (self.inhibited or not inhibited_by)
        return self.active

    def is_for(self, receivers: Sequence[str]) -> bool:
        """Whether one of these receivers is asked for."""
        if self.receiver is None:
            return True
        return any(self.receiver.matches({_RECEIVER: name}) for name in receivers)


_RECEIVER = "receiver"


def alert_query(query: Query) -> AlertQuery:
    """Of GET /alerts and /alerts/groups. Raises Refused."""
    return AlertQuery(
        matchers=filters(query),
        receiver=_receiver(query),
        active=_flag(query, "active"),
        silenced=_flag(query, "silenced"),
        inhibited=_flag(query, "inhibited"),
    )


def filters(query: Query) -> list[Matcher]:
    """`filter`, any number of times. Raises Refused."""
    texts = query.get("filter", ())
    if len(texts) > _FILTERS_MAX:
        raise words(f"at most {_FILTERS_MAX} filters are taken, not {len(texts)}")
    return [matcher for text in texts for matcher in _filter(text)]


def _filter(text: str) -> Sequence[Matcher]:
    classic = _CLASSIC.fullmatch(text)
    value = None if classic is None else _value(classic[3])
    try:
        if classic is not None and value is not None:
            return [Matcher(classic[1], MatchOp(classic[2]), value)]
        found = parse_matchers(text)
    except MatcherError as error:
        if classic is not None and value is not None:
            raise words(error.reason) from None
        found = ()
    if found:
        return found
    if classic is None:
        raise words(f"bad matcher format: {text}")
    raise words(f"matcher value contains unescaped double quote: {classic[3]}")


def _value(raw: str) -> str | None:
    """Without quotes and escapes; None when a quote stands where none may."""
    quoted = _QUOTED.fullmatch(raw)
    text = raw if quoted is None else quoted[1]
    if quoted is None and '"' in re.sub(r"\\.", "", raw, flags=re.DOTALL):
        return None
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def _receiver(query: Query) -> Matcher | None:
    """An expression that is anchored at both ends."""
    values = query.get(_RECEIVER, ())
    if not values or not values[-1]:
        return None
    try:
        return Matcher(_RECEIVER, MatchOp.REGEX, values[-1])
    except MatcherError as error:
        reason = error.reason.replace("bad regular expression", "error parsing regexp")
        raise words(f"failed to parse receiver param: {reason}") from None


def _flag(query: Query, name: str) -> bool:
    """The last value counts; without one, true."""
    values = query.get(name, ())
    if not values or not values[-1]:
        return True
    return values[-1].lower() in _TRUE
