"""A template, compiled and run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from difflib import get_close_matches
from functools import cache
from types import TracebackType
from typing import Any, cast

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import UndefinedError

from alerts.templating.budget import Run, Running
from alerts.templating.context import NAMES
from alerts.templating.faults import NOWHERE, Place, TemplateFault
from alerts.templating.filters import FILTERS_OF_TEMPLATES, TESTS_OF_TEMPLATES
from alerts.templating.marks import MARKS
from alerts.templating.places import placed
from alerts.templating.positions import Source
from alerts.templating.sandbox import TemplateEnvironment
from botapi.markup import ParseMode

BODY_MAX = 8_192
"""Characters of a template."""
NODES_MAX = 3_000
DEPTH_MAX = 40
"""Parts within parts of its syntax tree."""
_PROVIDED = frozenset(("range", "namespace", "loop", "varargs", "kwargs"))
_TOO_DEEP = "The template is nested too deeply. Use fewer parentheses or blocks in each other."


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A compiled template; threads may share it."""

    body: str
    parse_mode: ParseMode
    _template: Template = field(repr=False)
    _source: Source = field(repr=False)

    def run(self, context: Mapping[str, Any], zone: tzinfo = UTC) -> str:
        """What it writes for this context, in its parse mode, its values escaped. Raises
        TemplateFault."""
        pieces: list[str] = []
        try:
            with Running(Run(zone)) as run:
                template = self._template
                for piece in template.root_render_func(template.new_context(dict(context))):
                    run.write(len(piece))
                    pieces.append(piece)
            return placed("".join(pieces), self.parse_mode)
        except TemplateFault as fault:
            raise fault.at(self._place(fault)) from None
        except Exception as error:  # noqa: BLE001  # whatever a template can provoke is its fault
            told = _told(error)
            raise told.at(self._place(error, told.reason)) from None

    def _place(self, error: Exception, reason: str = "") -> Place:
        line = _line_in(error.__traceback__, self._template)
        return self._source.place(line, reason or str(error)) if line else NOWHERE


def compiled(body: str, parse_mode: ParseMode) -> Program:
    """The template, ready to run. Raises TemplateFault."""
    if len(body) > BODY_MAX:
        said = f"The template has {len(body):,} characters; at most {BODY_MAX:,} are taken."
        raise TemplateFault("limit", said)
    if "\0" in body or MARKS.search(body) or _has_surrogates(body):
        raise TemplateFault("syntax", "The template holds characters that are no text.")
    environment = _environment(parse_mode)
    parsed, source = _without_their_lines(_ENDS.sub("\n", body))
    try:
        tree = environment.parse(parsed)
        _check(tree)
        code = environment.compile(environment.prepare(tree))
    except TemplateSyntaxError as error:
        raise _syntax(error, source) from None
    except TemplateFault as fault:
        line = fault.place.line
        place = source.place(line, fault.reason) if line else NOWHERE
        raise TemplateFault(fault.kind, fault.reason, place) from None
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateFault("limit", _TOO_DEEP) from None
    except (ValueError, OverflowError):  # of Python's own int()
        raise TemplateFault("syntax", "A number has too many digits.") from None
    made = Template.from_code(environment, code, environment.make_globals(None))
    return Program(body, parse_mode, made, source)


_ALONE = re.compile(
    r"^([ \t]*)((?:\{%(?:(?!%\}|\{%).)*%\}|\{#(?:(?!#\}|\{#).)*#\})[ \t]*)+\n",
    re.DOTALL | re.MULTILINE,
)
"""Neither reads beyond the next one of its kind, so that all of a body is read but twice."""
_LAST_END = re.compile(r"([-+]?[%#]\})[ \t]*\n$")
_ENDS = re.compile(r"\r\n|\r")


def _without_their_lines(body: str) -> tuple[str, Source]:
    """Tags that have a line to themselves leave none behind. The line's end moves into the tag, so
    that lines keep their numbers. (Jinja2's own way takes the line's end behind any tag.)"""
    taken: list[range] = []
    end = 0
    for found in _ALONE.finditer(body):
        taken.append(range(end, found.start()))
        end = found.end()
        begin = found.end(1)
        last = _LAST_END.search(body, begin, end)
        if last is None:
            taken.append(range(begin, end))
        else:
            taken += [range(begin, last.start()), range(end - 1, end), range(*last.span(1))]
    taken.append(range(end, len(body)))
    origin = [at for one in taken for at in one]
    return "".join(body[at] for at in origin), Source(body, [*origin, len(body)])


@cache
def _environment(parse_mode: ParseMode) -> TemplateEnvironment:
    return TemplateEnvironment(parse_mode)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _check(tree: nodes.Template) -> None:
    """Not too large; and no name that a template is never told."""
    _measure(tree)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    own |= {macro.name for macro in tree.find_all(nodes.Macro)} | _PROVIDED
    unknown = meta.find_undeclared_variables(tree) - own - NAMES
    if not unknown:
        return
    names: list[nodes.Name | nodes.NSRef] = list(tree.find_all(nodes.Name))
    names += tree.find_all(nodes.NSRef)
    first = next(name for name in names if name.name in unknown)
    near = get_close_matches(first.name, [*NAMES, *own], 1)
    hint = f"Did you mean ‘{near[0]}’?" if near else "The guide lists what there is."
    raise TemplateFault("syntax", f"There is no ‘{first.name}’. {hint}", Place(first.lineno))


def _measure(tree: nodes.Node) -> None:
    """Raises TemplateFault for one that would take long to compile."""
    count, todo = 0, [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        count += 1
        if depth > DEPTH_MAX:
            raise TemplateFault("limit", _TOO_DEEP, Place(node.lineno))
        if count > NODES_MAX:
            raise TemplateFault("limit", "The template is too large. Use loops and macros.")
        todo += [(child, depth + 1) for child in node.iter_child_nodes()]


def _syntax(error: TemplateSyntaxError, source: Source) -> TemplateFault:
    reason = (error.message or "It can't be read").strip()
    reason = reason if reason.endswith((".", "?", "!")) else f"{reason}."
    unknown = reason.partition("'")[2].partition("'")[0]
    for what, names in (("filter", FILTERS_OF_TEMPLATES), ("test", TESTS_OF_TEMPLATES)):
        if reason.startswith(f"No {what} named"):
            near = get_close_matches(unknown, names, 1)
            hint = f"Did you mean ‘{near[0]}’?" if near else "The guide lists what there is."
            reason = f"There is no {what} ‘{unknown}’. {hint}"
            return TemplateFault("denied", reason, source.place(error.lineno, reason))
    return TemplateFault("syntax", reason, source.place(error.lineno, reason, exact=True))


def _told(error: Exception) -> TemplateFault:
    """What went wrong, in words."""
    if isinstance(error, UndefinedError):
        return TemplateFault("value", f"{error}.")
    if isinstance(error, RecursionError):
        return TemplateFault("limit", _TOO_DEEP)
    if isinstance(error, MemoryError):
        return TemplateFault("limit", "The template takes too much memory.")
    if isinstance(error, ZeroDivisionError):
        return TemplateFault("value", "A number is divided by zero.")
    said = " ".join(str(error).split())[:200]
    return TemplateFault("value", f"It failed: {said or type(error).__name__}.")


def _line_in(trace: TracebackType | None, template: Template) -> int | None:
    """The innermost line of the template that was running."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return cast("int | None", line)
