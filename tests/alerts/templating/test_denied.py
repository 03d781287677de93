"""What no template may do, each refused at once; and nothing comes of it."""

import time
from itertools import count

import pytest

from alerts.templating.context import context_of
from alerts.templating.faults import TemplateFault
from alerts.templating.program import BODY_MAX, compiled
from tests.alerts.rendering.cases import down, group

AT_ONCE_SECONDS = 0.25
"""A tenth, and what a core is slower while another process has the other half of it."""
TELLING = context_of(group(down(1), down(2)))
TEN_COPIES = "{% set a = [a, a, a, a, a, a, a, a, a, a] %}"
EIGHT_COPIES = "{% set s = s ~ s ~ s ~ s ~ s ~ s ~ s ~ s %}"
GROWING = "{{% set n = namespace(s='a') %}}{{% for i in range(99) %}}{0}{{% endfor %}}"
LOOPS = "{{% for {0} in range(10000) %}}{1}{{% endfor %}}"

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ title['__class__'] }}",
    "{{ title['__cla' ~ 'ss__'] }}",
    "{{ alerts.__class__ }}",
    "{{ alerts[0].__class__ }}",
    "{{ alerts[0]['__class__'] }}",
    "{{ alerts[0].labels.__class__.x.y or 1 / 0 }}",
    "{{ counts.__init__.__globals__ }}",
    "{{ opened_at.__class__ }}",
    "{{ opened_at.tzinfo }}",
    "{{ range.__globals__ }}",
    "{{ range(3).__class__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace().__class__ }}",
    "{{ namespace()._Namespace__attrs }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
    "{% for a in alerts %}{{ loop._iterator }}{% endfor %}",
    "{% for a in alerts %}{{ loop.__init__ }}{% endfor %}",
    "{% for a in alerts %}{{ loop.cycle.__globals__ }}{% endfor %}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ config }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ title | attr('__class__') }}",
    "{{ [title] | map('attr', '__class__') | list }}",
    "{{ [title] | map(attribute='__class__') | list }}",
    "{{ [title] | selectattr('__class__') | list }}",
    "{{ alerts | groupby('__class__') }}",
    "{{ alerts | sort(attribute='__class__') }}",
    "{{ alerts | map(attribute='labels.__class__.__name__.x') | first | length / 0 }}",
    "{{ '{0.__class__}'.format(title) }}",
    "{{ '{0.__class__}'.format_map(counts) }}",
    "{{ title.format }}",
    "{{ ''.join }}",
    "{{ '%s' % title }}",
    "{{ '%s' | format(title) }}",
    "{{ title | safe }}",
    "{{ title | tojson }}",
    "{{ title | xmlattr }}",
    "{{ title | pprint }}",
    "{{ title is filter }}",
    "{{ title is callable }}",
    "{{ title() }}",
    "{{ alerts[0].labels.clear() }}",
    "{{ alerts.append(1) }}",
    "{{ counts.update({'total': 1}) }}",
    "{% set title.x = 1 %}",
    "{% do alerts.append(1) %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% call range() %}{% endcall %}",
    "{% filter upper %}{% endfilter %}",
    "{% autoescape false %}{{ title }}{% endautoescape %}",
    "{% set x | upper %}a{% endset %}",
    "{% trans %}x{% endtrans %}",
    "{% debug %}",
    "{{ range(*[1]) }}",
    "{{ range(**{'a': 1}) }}",
]
MANY_ALERTS = "{% set l = alerts %}" + "{% set l = l + l %}" * 12
MANY_TEXTS = "{% set l = [''] %}" + "{% set l = l + l %}" * 14
GREED = [
    "{{ range(10 ** 9) }}",
    "{{ range(1000000000) | length }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ [1] * 1000000000 }}",
    "{{ (1, 2) * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 9 | map('pow') }}",
    "{{ 999999999 * 999999999 * 999999999 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d' is divisibleby(5) and 1 / 0 or 1 / 0 }}",
    "{{ 1 | round(-1000000000) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a'.center(1000000000) }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ 'a' | indent(1000000000) }}",
    "{{ 'a' | truncate(1000000000) }}",
    "{{ opened_at | time('%1000000000d') }}",
    "{{ [[]] | batch(1000000000, 1) | list }}",
    LOOPS.format("a", LOOPS.format("b", LOOPS.format("c", LOOPS.format("d", "")))),
    "{% for a in range(10000) if false %}{% endfor %}" * 20,
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(18) }}",
    "{% for a in alerts recursive %}{{ loop(alerts) }}{% endfor %}",
    "{% set s = 'aaaaaaaaaaaaaaaa' %}" + EIGHT_COPIES * 10 + "{{ s }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
    GROWING.format("{% set n.s = n.s | replace('a', 'aaaaaaaa') %}"),
    GROWING.format("{% set n.s = n.s | regex_replace('a', 'aaaaaaaa') %}"),
    GROWING.format("{% set n.s = [n.s, n.s] | join %}"),
    GROWING.format("{% set x %}{{ n.s }}{{ n.s }}{% endset %}{% set n.s = x %}"),
    "{% set t = 'a' %}"
    + "{% set t = t ~ t %}" * 16
    + r"{% set r = '\\1' %}"
    + "{% set r = r ~ r %}" * 15
    + "{{ t | regex_replace('(?s)(.+)', r) }}",
    "{% set t = 'a' %}"
    + "{% set t = t ~ t %}" * 16
    + r"{{ t | regex_replace('(?P<all>.+)', '\\1\\g<1>\\g<all>' ~ t) }}",
    "{% set a = [1] %}" + TEN_COPIES * 12 + "{{ a }}",
    "{% set a = [1] %}" + TEN_COPIES * 12 + "{{ a | json }}",
    "{% set a = [1] %}{% set b = [1] %}"
    + (TEN_COPIES + TEN_COPIES.replace("a", "b").replace("set b", "set b")) * 9
    + "{{ a == b }}",
    "{% set a = {'a': 1} %}" + "{% set a = {'a': a, 'b': a, 'c': a} %}" * 30 + "{{ a }}",
    "{% set a = [1] %}{% for i in range(99) %}{% set a = a + a %}{% endfor %}{{ 1 / 0 }}",
    "{% set n = namespace(a=[1]) %}{% for i in range(99) %}{% set n.a = n.a + n.a %}{% endfor %}",
    "{% set n = namespace(a=[1]) %}{% for i in range(99) %}{% set n.a = [n.a, n.a] %}{% endfor %}",
    "{% for i in range(9999) %}" + "x" * 7999 + "{% endfor %}",
    "{% set x %}{% for i in range(9999) %}" + "x" * 7999 + "{% endfor %}{% endset %}unused",
    "{% macro m() %}{% for i in range(9999) %}"
    + "x" * 7999
    + "{% endfor %}{% endmacro %}{{ m() }}",
    "{{ title | match('" + "(" * 90 + "a{9}" + "){9}" * 90 + "') }}",
    "{{ title | match('((a{99}){99}){99}') }}",
    "{{ title | match('" + "a?" * 300 + "') }}",
    "{% set s = 'aaaaaaaaaaaaaaaa' %}"
    + EIGHT_COPIES * 4
    + "{% for i in range(999) %}{{ s | match('"
    + "a?" * 100
    + "b') }}{% endfor %}",
    "{% for i in range(999) %}{{ range(9999) | sort(reverse=true) | first }}{% endfor %}",
    "{% for i in range(999) %}{{ range(9999) | map('string') | unique | first }}{% endfor %}",
    "{% for i in range(999) %}{{ range(9999) | json | length }}{% endfor %}",
    "{% set a = range(9999) | list %}{% for i in a %}{{ a == range(9999) | list }}{% endfor %}",
    MANY_TEXTS + "{% for i in range(1300) %}{% set x = l | join %}{% endfor %}x",
    MANY_TEXTS + "{% for i in range(1300) %}{% set x = l | trim %}{% endfor %}x",
    MANY_TEXTS + "{% for i in range(1300) %}{% if 'x' is in(l) %}{% endif %}{% endfor %}x",
    MANY_TEXTS + "{% for i in range(1300) %}{% if l is empty %}{% endif %}{% endfor %}x",
    MANY_TEXTS + "{% for i in range(1300) %}{% if l is eq(l) %}{% endif %}{% endfor %}x",
    MANY_TEXTS
    + "{% for i in range(1300) %}{% set x = 1 | default(default_value=l) %}{% endfor %}x",
    "{% set l = range(9000) | list %}{{ l | select('in', range(9000) | list) | length }}",
    MANY_TEXTS.replace("['']", "['ab']")
    + "{% for i in range(180) %}{% set n = namespace(l) %}{% endfor %}x",
    MANY_ALERTS + "{% if l.startswith('x') %}{% endif %}",
    MANY_ALERTS + "{% if 'x'.endswith(l) %}{% endif %}",
    MANY_ALERTS + "{{ l | upper | length }}",
    MANY_ALERTS + "{{ l | wordcount }}",
    MANY_ALERTS + "{{ l | json | length }}",
    MANY_ALERTS + "{{ [l] | map('lower') | first | length }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "-" * 8000 + "1 }}",
    "{{ " + "not " * 3000 + "1 }}",
    "{{ title" + ".x" * 4000 + " }}",
    "{{ title" + " | upper" * 900 + " }}",
    "{{ " + "[" * 3500 + "]" * 3500 + " }}",
    "{% if 1 %}" * 350 + "{% endif %}" * 350,
    "{% for a in alerts %}" * 50 + "{% endfor %}" * 50,
    "{{ 1 }}" * 900 + "{{ 1 / 0 }}",
    "x" * (BODY_MAX + 1),
]


@pytest.mark.parametrize("body", [*ESCAPES, *GREED])
def test_it_is_refused_at_once(body: str) -> None:
    compiled("warm", "HTML").run(TELLING)
    took = []
    for _ in range(3):  # the fastest: Python's own tidying up may fall into one
        began = time.thread_time()
        with pytest.raises(TemplateFault) as refused:
            compiled(body, "HTML").run(TELLING)
        took.append(time.thread_time() - began)
    assert min(took) < AT_ONCE_SECONDS, took
    assert refused.value.reason
    assert "<" not in refused.value.reason.replace("<a href=", ""), "no object is shown"


ONE, TWICE = "{% set t = 'é' %}", "{% set t = t ~ t %}"
PATTERNS = [
    r"{% for i in range(9999) %}{{ 'x' | match('\\PL{25}|NEW' ~ i) }}{% endfor %}",
    r"{% for i in range(9999) %}{{ 'x' | match('(?i)[\\pL\\pS]|NEW' ~ i) }}{% endfor %}",
    r"{% for i in range(9999) %}{{ 'x' | regex_replace('\\PL{25}|NEW' ~ i, 'z') }}{% endfor %}",
    ONE + TWICE * 11 + "{% for i in range(9999) %}{{ t | match('[^a]{900}a|NEW') }}{% endfor %}",
    ONE + TWICE * 10 + "{% for i in range(9999) %}{{ t | match('[^a]{900}a|NEW') }}{% endfor %}",
    ONE + TWICE * 15 + "{{ t | regex_replace('[^b]*c|é|NEW', '') }}",
    ONE + TWICE * 11 + "{{ t | regex_replace('[^a]{900}a|é|NEW', '') }}",
    ONE + TWICE * 15 + "{{ t | regex_replace('(?:[^b]{0,30}){1,30}c|é|NEW', '') }}",
]
"""Each pattern is compiled for the first time: NEW is another one in each run. Those that are paid
for by the time they take would take twice as much as there is, or a fast machine might end them."""
_news = count()


@pytest.mark.parametrize("body", PATTERNS)
def test_patterns_are_paid_for(body: str) -> None:
    compiled("warm", "HTML").run(TELLING)
    took = []
    for _ in range(3):
        program = compiled(body.replace("NEW", f"n{next(_news)}x"), "HTML")
        began = time.thread_time()
        with pytest.raises(TemplateFault, match=r"does too much|so long a text"):
            program.run(TELLING)
        took.append(time.thread_time() - began)
    assert min(took) < AT_ONCE_SECONDS, took


@pytest.mark.parametrize(
    "pattern", [r"^\\w+ on \\w+", r"(?i)\\pL+", r"(\\d{1,3}\\.){3}\\d+", "a?" * 99]
)
def test_usual_patterns_are_used_many_times(pattern: str) -> None:
    body = "{% for i in range(200) %}{{ ('Down on ' ~ i) | match('" + pattern + "') }}{% endfor %}"
    assert compiled(body, "HTML").run(TELLING)


@pytest.mark.parametrize(
    "body",
    [
        "{{ range(3) | list | json }}",
        "{{ [title, title] | map('upper') | join(', ') }}",
        "{% set n = namespace(i=0) %}{% for a in alerts %}{% set n.i = n.i + 1 %}{% endfor %}",
        "{% for k, v in alerts[0].labels.items() %}{{ k }}{{ v }}{% endfor %}",
        "{% for a in alerts %}{{ loop.cycle('a', 'b') }}{{ loop.index }}{% endfor %}",
        "{{ alerts | groupby('severity') | map(attribute='grouper') | join }}",
        "{% for one in alerts | groupby('severity') %}{{ one.list | length }}{% endfor %}",
        "{{ title | match('(a*)*$') }}",
        "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{{ m() }}",
        "{{ title[:3] }}{{ alerts[:1] | length }}",
    ],
)
def test_what_is_harmless_is_not_refused(body: str) -> None:
    compiled(body, "HTML").run(TELLING)


@pytest.mark.parametrize("name", ["upper", "lower", "title", "capitalize"])
def test_no_python_is_shown(name: str) -> None:
    body = f"{{{{ opened_at | {name} }}}} {{{{ alerts | {name} }}}}"
    written = compiled(body, "HTML").run(TELLING).lower()
    assert "datetime" not in written
    assert "{" not in written


def test_a_method_reads_what_a_reader_reads() -> None:
    body = "{{ opened_at.startswith('datetime') }}{{ alerts.startswith('[') }}"
    assert compiled(body, "HTML").run(TELLING) == "falsefalse"


def test_a_long_group_is_told_within_the_budget() -> None:
    """Two hundred alerts, each with all that it has."""
    body = (
        "{% for a in alerts %}<b>{{ a.name }}</b> {{ a.where }} {{ a.starts_at | time('%H:%M') }}"
        "{% for k, v in a.labels | dictsort %} {{ k }}={{ v | truncate(20) }}{% endfor %}\n"
        "{% endfor %}"
    )
    group_of_many = context_of(group(*(down(number) for number in range(200))))
    assert compiled(body, "HTML").run(group_of_many).count("\n") == 200


def test_the_context_is_as_it_was_afterwards() -> None:
    before = str(TELLING)
    for body in [*ESCAPES, *GREED]:
        try:
            compiled(body, "HTML").run(TELLING)
        except TemplateFault:
            continue
    assert str(TELLING) == before
