"""What templates write, and where they are told to be wrong."""

import contextlib
import time
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from alerts.rendering.view_model import GroupView
from alerts.severity import Severity
from alerts.templating.context import context_of
from alerts.templating.faults import TemplateFault
from alerts.templating.filters import FILTERS_OF_TEMPLATES
from alerts.templating.program import BODY_MAX, compiled
from botapi.markup import ParseMode
from tests.alerts.rendering.cases import OPENED, alert, down, group, resolved

THREE = group(
    down(1),
    down(2, **resolved(down(2), 14)),
    alert("DiskFull", "db-1", Severity.WARNING, value_text="97", annotations={"note": "a\nb"}),
    console_url="https://tocsin.example.org/g",
    acknowledged_by="anna",
)


def written(body: str, view: GroupView = THREE, parse_mode: ParseMode = "") -> str:
    return compiled(body, parse_mode).run(context_of(view), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ emoji }} {{ state }} {{ severity }} {{ name }}", "🔴 FIRING critical InstanceDown +1"),
        ("{{ where }}", "web-1:9100, db-1"),
        ("{{ counts.firing }}/{{ counts.total }} {{ counts.warning }}", "2/3 1"),
        ("{% for a in alerts %}{{ a.where }} {% endfor %}", "web-1:9100 db-1 web-2:9100 "),
        ("{% for a in resolved %}{{ a.where }} {{ a.duration }}{% endfor %}", "web-2:9100 14 min"),
        ("{{ alerts[0].starts_at }}", "23 Nov 15:02 CET"),
        ("{{ closed_at }}{{ duration }}{{ alerts[0].ends_at }}", ""),
        ("{{ alerts[0].labels.team }}{{ alerts[0].labels.none }}", "core"),
        ("{{ alerts[0].labels['team'] }}", "core"),
        ("{{ alerts[0].labels.none | default('-', true) }}", "-"),
        ("{{ alerts[0].labels.none.deeper }}", ""),
        ("{% if alerts[0].labels.none %}a{% else %}b{% endif %}", "b"),
        ("{% for x in alerts[0].labels.none %}a{% endfor %}", ""),
        ("{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ -7 % 4 }}", "7 3 3.5 1"),
        ("{{ 'a' ~ 1 ~ 'b' }} {{ 'a' + 'b' }} {{ [1] + [2] }}", "a1b ab 1, 2"),
        ("{{ true }} {{ none }}.{{ 1.5 }}", "true .1.5"),
        ("{{ opened_at - opened_at }}", "less than 1 s"),
        ("{% set x = {'a': 1} %}{{ x.a }}{{ x }}", "1a=1"),
        ("{% set x %}<b>{{ title }}</b>{% endset %}{{ x }}{{ x }}", "<b>a group</b><b>a group</b>"),
        ("{{ range(3) | join(',') }}", "0,1,2"),
        # A tag alone on its line leaves none; one within a line leaves the line as it is.
        ("a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc"),
        ("a {% if true %}b{% endif %}\nc", "a b\nc"),
        ("{# why #}\na", "a"),
        ("{% for a in range(2) %}\n- {{ a }}\n{% endfor %}\n", "- 0\n- 1\n"),
        ("{% if true %}{% if true %}\na\n{% endif %}{% endif %}\nb", "a\nb"),
        ("{% set a = [\n  1,\n] %}\n{{ a }}", "1"),
        ("{# {% if true %} #}\na{% if true %}{# why\n#}\nb{% endif %}", "a\nb"),
    ],
)
def test_written(body: str, expected: str) -> None:
    assert written(body) == expected


@pytest.mark.parametrize("end", ["", "#}x", "%}x", "#}\nx"])
@pytest.mark.parametrize("begin", ["{#\n", "{%\n", "{% #}\n{# %}", "{#\n{%%}#}", "{# #}{%\n"])
def test_lines_of_tags_take_no_time(begin: str, end: str) -> None:
    body = begin * (BODY_MAX // len(begin) - 1) + end
    began = time.thread_time()
    with contextlib.suppress(TemplateFault):
        compiled(body, "")
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'ab c' | upper", "AB C"),
        ("'  a ' | trim", "a"),
        ("'a'.upper()", "A"),
        ("'one two three four' | truncate(12)", "one two…"),
        ("'abcdefghij' | truncate_middle(5)", "ab…ij"),
        ("'a\n b' | one_line", "a b"),
        ("'a\nb\nc' | lines(2) | join('/')", "a/b"),
        ("'aXbX' | replace('X', '-')", "a-b-"),
        ("'a\nb' | indent(2)", "a\n  b"),
        ("'a,b' | split(',') | last", "b"),
        ("1 | plural('alert')", "alert"),
        ("2 | plural('alert')", "alerts"),
        ("2 | plural('box', 'boxes')", "boxes"),
        ("alerts | plural('alert')", "alerts"),
        ("'web-1:9100' | regex_replace(':\\\\d+$', '')", "web-1"),
        ("'web-1' | regex_replace('(\\\\w+)-(\\\\d)', '\\\\2\\\\1')", "1web"),
        ("'web-1' | match('^web')", "true"),
        ("'web-1' is match('^db')", "false"),
        ("'a b&c' | urlencode", "a%20b%26c"),
        ("alerts[0].labels | only('team', 'none')", "team=core"),
        ("alerts[0].labels.get('none', 'x')", "x"),
        ("alerts | map(attribute='where') | unique | join(' ')", "web-1:9100 db-1 web-2:9100"),
        ("alerts | selectattr('severity', 'eq', 'critical') | length", "2"),
        ("alerts | sum", "0"),
        ("[1, 2.5] | sum", "3.5"),
        ("1234567 | humanize", "1.235M"),
        ("'0.00012' | humanize", "120µ"),
        ("0 | humanize", "0"),
        ("'many' | humanize", "many"),
        ("1572864 | humanize1024", "1.5Mi"),
        ("0.9731 | percent", "97.3 %"),
        ("0.9731 | percent(0)", "97 %"),
        ("2.5001 | round(2)", "2.5"),
        ("'97' | int + 1", "98"),
        ("3700 | duration", "1 h 1 min"),
        ("'soon' | duration", "soon"),
        ("opened_at | time('%d.%m. %H:%M')", "23.11. 15:02"),
        ("opened_at | iso", "2026-11-23T15:02:39+01:00"),
        ("opened_at | unix", "1795442559"),
        ("opened_at.hour", "14"),
        ("none | time", ""),
        ("'' is empty", "true"),
        ("{'a': [1, none, true]} | json", '{"a": [1, null, true]}'),
    ],
)
def test_filters(expression: str, expected: str) -> None:
    assert written("{{ " + expression + " }}") == expected


@pytest.mark.parametrize("parse_mode", ["HTML", "MarkdownV2", ""])
def test_filters_that_make_markup(parse_mode: ParseMode) -> None:
    body = "{{ 'a<b' | bold }} {{ '*' | code }} {{ 'https://e.org/)' | link('x]') }}{{ '' | bold }}"
    assert (
        written(body, parse_mode=parse_mode)
        == {
            "HTML": '<b>a&lt;b</b> <code>*</code> <a href="https://e.org/)">x]</a>',
            "MarkdownV2": "*a<b* `*` [x\\]](https://e.org/\\))",
            "": "a<b * x] (https://e.org/))",
        }[parse_mode]
    )


@pytest.mark.parametrize(
    ("body", "kind", "line", "column", "words"),
    [
        ("a\n{{ titel }}", "syntax", 2, 4, "Did you mean ‘title’?"),
        ("a\n{% for x in alerts %}\n{{ x.nam }}{% endfor %}", "denied", 3, 6, "‘name’"),
        ("{{ title | uper }}", "denied", 1, 12, "Did you mean ‘upper’?"),
        ("{{ title is defind }}", "denied", 1, 13, "Did you mean ‘defined’?"),
        ("a\n\n{{ 1 / 0 }}", "value", 3, 4, "divided by zero"),
        ("{{ title }} {{ 2 * 3 }} {{ 1 / 0 }} {{ 1 }}", "value", 1, 28, "divided by zero"),
        ("{{ name", "syntax", 1, 4, "end of template"),
        ("{{ title }}\r\n  {{ name", "syntax", 2, 6, "end of template"),
        ("é {{ self }}", "value", 1, 6, "can't be written"),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "limit", 1, 20, "deep"),
        ("a {{ 2 ** 9 }}", "denied", 1, 8, "‘**’"),
        ("a {{ 99999999999999999999 * 99999999999999999999 }}", "limit", 1, 6, ""),
        (f"a {{{{ {'9' * 5_000} }}}}", "syntax", 1, 6, "too many digits"),
        ("a\n {# b", "syntax", 2, 2, "comment"),
        ("a\n {% raw %} b", "syntax", 2, 2, "raw"),
        ("a {%- if name %}", "syntax", 1, 7, "endif"),
        ("a\n  {% if name %}\n{{ 1 / 0 }}\n  {% endif %}\n{{ name }}", "value", 3, 4, "zero"),
        ("  {% if 1 / 0 %}\nx{% endif %}", "value", 1, 6, "zero"),
        ("  {%- set x = 1 %}\n\n{{ x }}   {{- 1 / 0 }}", "value", 3, 15, "zero"),
        ("{{ alerts[0].labels.x }} {{ alerts[0].labels.x + 1 }}", "value", 1, 46, "‘x’"),
        ("{{ " + "-" * 60 + "1 }}", "limit", 1, 43, "deeply"),
        ("{{ title + 1 }}", "denied", 1, 10, "use ‘~’"),
        ("{{ alerts[0].labels.x + 1 }}", "value", 1, 21, "‘x’ is not there"),
        ("{% if title %}", "syntax", 1, 4, "endif"),
        ("{% if 1 %}{% endif %}\n{%- if 2 %}{% for a in alerts %}{% endfor %}", "syntax", 2, 5, ""),
        ("{{ title }", "syntax", 1, 10, "unexpected"),
        ("a\n{% nonsense %}", "syntax", 2, 4, "nonsense"),
        ("{{ 'x' | match('(') }}", "value", 1, 17, "can't be read"),
        ("\n{{ 'x' | truncate('a') }}", "value", 2, 10, "takes a number"),
        ("{% for x in 5 %}{% endfor %}", "value", 1, 4, "can't go through a number"),
        ("{% include 'x' %}", "denied", 1, 4, "not available"),
        ("a\0", "syntax", None, None, "no text"),
        ("a\ufdd0", "syntax", None, None, "no text"),
        ("a\ud800", "syntax", None, None, "no text"),
    ],
)
def test_faults_say_where_and_what_to_do(
    body: str, kind: str, line: int | None, column: int | None, words: str
) -> None:
    with pytest.raises(TemplateFault) as found:
        written(body)
    fault = found.value
    assert (fault.kind, fault.place.line, fault.place.column) == (kind, line, column), str(fault)
    assert words in fault.reason


def test_every_filter_works_on_nothing_and_on_anything() -> None:
    """It gives something or says what is wrong; it does not break."""
    values = ["none", "nothing", "''", "'a'", "1", "1.5", "true", "[]", "[1]", "{'a': 1}"]
    values += ["opened_at", "alerts", "alerts[0]", "range(2)", "(1, 2)", "'1' * 1", "opened_at"]
    for name in FILTERS_OF_TEMPLATES:
        for value in values:
            body = f"{{% set nothing = alerts[0].labels.nothing %}}{{{{ {value} | {name} }}}}"
            with contextlib.suppress(TemplateFault):
                written(body)


def test_the_same_context_gives_the_same_text() -> None:
    body = "{{ alerts | json }} {{ opened_at }} {{ common_labels }}"
    assert written(body) == written(body)


def test_times_at_the_ends_of_time() -> None:
    first = group(alert("a", "b", starts_at=OPENED.replace(year=1)), opened_at=OPENED)
    assert written("{{ alerts[0].starts_at | iso }} {{ alerts[0].starts_at }}", first)
    assert compiled("{{ opened_at }}", "").run(context_of(first), UTC) == "23 Nov 14:02 UTC"


def test_what_takes_all_memory_rests() -> None:
    """As what takes too long does: its kind decides."""

    class Endless(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise MemoryError

    with pytest.raises(TemplateFault, match="memory") as refused:
        compiled("{{ title }}", "HTML").run({"title": Endless("a")})
    assert refused.value.kind == "limit"


@pytest.mark.parametrize(
    "body", ["{% set foo.bar = 1 %}", "{{ " + "9" * 5_000 + " }}", "{{ foo.bar.baz(1) }}"]
)
def test_what_jinja_stumbles_over_is_a_fault(body: str) -> None:
    with pytest.raises(TemplateFault) as refused:
        compiled(body, "HTML")
    assert refused.value.reason
