"""What can't be converted is told with its place; what can is a template that compiles."""

import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.importing.go_template.blocks import NOTES_MAX
from alerts.importing.go_template.convert import NoTemplate, convert
from alerts.importing.go_template.nodes import GoSyntaxError
from alerts.importing.go_template.parser import SOURCE_MAX
from alerts.templating.context import context_of
from alerts.templating.faults import TemplateFault
from alerts.templating.program import compiled
from tests.alerts.importing.go_template.constructs import CONSTRUCTS
from tests.alerts.importing.go_template.told import DATA, group_of
from tests.alerts.rendering.groups import many_examples

CONTEXT = context_of(group_of(DATA))
LOST = [
    ("a\n {{ since .StartsAt }}", 2, 2, "no counterpart of .StartsAt"),
    ("{{ range .Alerts }}{{ since .StartsAt }}{{ end }}", 1, 20, "wrong a minute later"),
    ("{{ .Foo }}", 1, 1, "no counterpart of .Foo"),
    ("{{ .Alerts.Foo }}", 1, 1, "write .Alerts, .Alerts.Firing"),
    ("{{ range .Alerts }}{{ .Foo }}{{ end }}", 1, 20, "no counterpart of .Foo"),
    ("{{ .CommonLabels.SortedPairs.Foo }}", 1, 1, "write .Names or .Values"),
    ("{{ range .CommonLabels.SortedPairs }}{{ .Key }}{{ end }}", 1, 38, "write .Name or .Value"),
    ("{{ sprig .Status }}", 1, 1, "no counterpart of sprig"),
    ('{{ printf "%x" 1 }}', 1, 1, "%x has no counterpart"),
    ('{{ printf "%s" }}', 1, 1, "has no value"),
    ('{{ printf "%s" 1 2 }}', 1, 1, "more values than"),
    ("{{ printf .Status }}", 1, 1, "no constant"),
    ("{{ toUpper }}", 1, 1, "toUpper is given 0 values"),
    ("{{ .Alerts }}", 1, 1, "write its fields one by one"),
    ("{{ . }}", 1, 1, "write its fields one by one"),
    ("{{ $x }}", 1, 1, "$x is not set here"),
    ("{{ $x = 1 }}", 1, 1, "$x is not set here"),
    ('{{ template "mine" . }}', 1, 1, "no definition of 'mine'"),
    ("{{ range .Status }}{{ end }}", 1, 1, "What this goes through"),
    ("{{ range .Alerts }}{{ break }}{{ end }}", 1, 20, "can't be left"),
    ("{{ range .Alerts }}{{ range $k, $v := .Values }}{{ end }}{{ end }}", 1, 20, "goes through"),
    ("{{ if foo }}a{{ end }}", 1, 1, "as if it were true"),
    ('{{ "a" 1 }}', 1, 1, "no function"),
    ('{{ reReplaceAll "a" .Status "b" }}', 1, 1, "no constant"),
    ("{{ (index .Alerts 0).StartsAt.Add 1 }}", 1, 1, "no Add of a time"),
    ("{{ index .Status 1 }}", 1, 1, "no list and no labels"),
]
DIFFERS = [
    ("{{ .Receiver }}", "the integration's is written"),
    ("{{ .CommonLabels }}", "a=b, c=d"),
    ("{{ .Status | safeHtml }}", "always escaped"),
    ('{{ (index .Alerts 0).StartsAt.Format "15:04" }}', "channel's zone"),
    ('{{ (index .Alerts 0).StartsAt.Format "15:04:05.000 Z07:00" }}', "+0000"),
    ("{{ range .Alerts }}{{ .ValueString }}{{ end }}", "A=22, B=1"),
    ("{{ range .Alerts }}{{ .Values.B }}{{ end }}", "A=22, B=1"),
    ("{{ range .Alerts }}{{ .EndsAt.Sub .StartsAt }}{{ end }}", "1 h 12 min"),
    ('{{ printf "%5s" .Status }}', "pads"),
    ('{{ printf "%.2f" 1.5 }}', "rounds"),
    (r'{{ reReplaceAll "([_*])" "\\$1" .Status }}', "escaped twice"),
]
NEWER = [
    # Alertmanager 0.28 and Grafana, which Debian's amtool does not know
    ('{{ (index .Alerts 0).StartsAt | tz "Europe/Paris" | date "2006-01-02" }}', "2026-03-14"),
    ('{{ trimSpace " a " }}', "a"),
    ("{{ humanize 1234567.0 }}", "1.235M"),
    ("{{ humanize1024 1048576.0 }}", "1Mi"),
    ("{{ humanizePercentage 0.973 }}", "97.3 %"),
    ("{{ humanizeDuration 4320 }}", "1 h 12 min"),
    ("{{ toJson .CommonAnnotations.nothing }}", '""'),
    (
        "{{ range .Alerts.Firing }}[{{ .DashboardURL }}{{ .PanelURL }}{{ .SilenceURL }}]{{ end }}",
        "[][]",
    ),
    ("{{ with $x := .CommonLabels.nothing }}{{ else with .Status }}{{ . }}{{ end }}", "firing"),
]
REFUSED = [
    ("{{ ", 1, 1),
    ("a\n{{ .x ", 2, 1),
    ("{{ }}", 1, 1),
    ("{{ end }}", 1, 4),
    ("{{ if true }}", 1, 4),
    ("{{ if }}{{ end }}", 1, 6),
    ("{{ if true }}{{ else }}{{ else }}{{ end }}", 1, 27),
    ('{{ define "x" }}', 1, 4),
    ("{{ define x }}{{ end }}", 1, 11),
    ("{{ template }}", 1, 12),
    ("{{ (1 }}", 1, 6),
    ("{{ 1) }}", 1, 5),
    ("{{ .a | }}", 1, 8),
    ("{{ %x }}", 1, 4),
    ('{{ "a }}', 1, 4),
    ("{{ range $a, $b, $c := .x }}{{ end }}", 1, 12),
    ('{{ block "x" }}{{ end }}', 1, 13),
    ("{{ 1_a }}", 1, 4),
    ("{{ 0x" + "f" * 4_000 + " }}", 1, 4),
    ("{{ " + "9" * 5_000 + " }}", 1, 4),
    ("{{ 18446744073709551616 }}", 1, 4),
    ("{{ eq .Status -9223372036854775809 }}", 1, 15),
    ("{{ 1e999 }}", 1, 4),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), LOST)
def test_what_is_lost_is_told_and_leaves_a_comment(
    text: str, line: int, column: int, words: str
) -> None:
    draft = convert(text)
    (note,) = [note for note in draft.notes if note.kind == "lost"]
    assert words in note.text
    assert (note.line, note.column) == (line, column)
    assert note.original == text.split("\n")[line - 1][column - 1 :][: len(note.original)]
    assert ("{# Not converted: {{" in draft.body) or "{% if true %}" in draft.body
    compiled(draft.body, "").run(CONTEXT)


@pytest.mark.parametrize(("text", "words"), DIFFERS)
def test_what_differs_is_told(text: str, words: str) -> None:
    draft = convert(text)
    assert any(words in note.text for note in draft.notes), draft
    assert {note.kind for note in draft.notes} == {"differs"}
    compiled(draft.body, "").run(CONTEXT)


@pytest.mark.parametrize(("text", "told"), NEWER)
def test_what_newer_ones_know(text: str, told: str) -> None:
    draft = convert(text)
    assert not [note for note in draft.notes if note.kind == "lost"]
    assert compiled(draft.body, "").run(CONTEXT).strip() == told


@pytest.mark.parametrize(("text", "line", "column"), REFUSED)
def test_what_go_refuses(text: str, line: int, column: int) -> None:
    with pytest.raises(GoSyntaxError) as caught:
        convert(text)
    assert (caught.value.line, caught.value.column) == (line, column), caught.value


@pytest.mark.peers
def test_amtool_refuses_the_same() -> None:
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("amtool is not installed")
    for text in ("{{ 1 }}", *[text for text, _, _ in REFUSED]):
        command = [amtool, "template", "render", "--template.glob=/dev/null"]
        command.append(f"--template.text={text}")
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode == 0) == (text == "{{ 1 }}"), text


# --- which template ------------------------------------------------------------------------------

FILE = """
{{ define "part" }}part {{ .Status }}{{ end }}
{{ define "slack" }}slack{{ template "part" . }}{{ end }}
{{ define "my.telegram" }}telegram{{ template "part" . }}{{ end }}
{{ define "last" }}last{{ end }}
"""


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (FILE, "", "telegrampart firing"),
        (FILE, "slack", "slackpart firing"),
        (FILE, "last", "last"),
        (FILE.replace("telegram", "xyz"), "", "last"),
        (FILE + "outside", "", "outside"),
        ("", "__subject", "[FIRING:2] InstanceDown node (b critical)"),
    ],
)
def test_which_definition_is_converted(text: str, name: str, told: str) -> None:
    assert compiled(convert(text, name).body, "").run(CONTEXT).strip() == told


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "", "nothing to convert"),
        (" \n{{/* only words */}}", "", "nothing to convert"),
        (FILE, "nobody", "Defined are: last, my.telegram, part, slack"),
        ("x", "nobody", "Defined are: none"),
    ],
)
def test_no_template(text: str, name: str, words: str) -> None:
    with pytest.raises(NoTemplate, match=words):
        convert(text, name)


# --- bounds --------------------------------------------------------------------------------------


def test_what_is_too_large_or_too_deep() -> None:
    deep = "{{ if true }}" * 31 + "{{ end }}" * 31
    parentheses = "{{ " + "(" * 31 + "1" + ")" * 31 + " }}"
    for text in ("x" * (SOURCE_MAX + 1), deep, parentheses, deep.replace("if true", "with .")):
        with pytest.raises(GoSyntaxError, match=r"at most|more than 30"):
            convert(text)


def test_templates_that_call_each_other_without_end() -> None:
    chain = "".join(
        f'{{{{ define "t{number}" }}}}{{{{ template "t{number + 1}" . }}}}{{{{ end }}}}'
        for number in range(900)
    )
    assert any("too deep" in note.text for note in convert(chain, "t0").notes)
    own = '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}'
    other = (
        '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ template "a" . }}{{ end }}'
    )
    for text in (own, other + '{{ template "a" . }}'):
        draft = convert(text)
        with pytest.raises(TemplateFault):
            compiled(draft.body, "").run(CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 32_000,
        "{{ foo }}" * 7_000,
        "{{/*" * 16_000,
        "{{- /* " * 9_000,
        "{{ -" + " " * 60_000,
        "{{ " + "`a` " * 16_000,
        '{{ "' + "\\" * 60_000,
        "{{ " + "a|" * 30_000 + "a }}",
        "{{ $x := 1 }}" * 5_000,
        " {{ if 1 }}" * 25 + "{{ 1 }}" * 8_000 + "{{ end }}" * 25,
        '{{ define "a" }}{{ end }}' * 2_600,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    began = time.thread_time()
    try:
        draft = convert(text[:SOURCE_MAX])
        assert len(draft.notes) <= NOTES_MAX + 1
    except (GoSyntaxError, NoTemplate):
        pass
    assert time.thread_time() - began < 2


PIECES = [
    *("{{ if .Status }}", "{{ else }}", "{{ else if eq .Status 1 }}", "{{ end }}", "{{ end }}"),
    *("{{ range .Alerts }}", "{{ range $i, $x := .Labels }}", "{{ range .SortedPairs }}"),
    *("{{ with .Labels }}", "{{ with $y := .Labels.SortedPairs.Values }}", "{{ $x }}", "{{ . }}"),
    *("{{ $x := .Labels.a }}", '{{ $x = "b" }}', "{{ .Name }}", "{{ .Values }}", "{{ .Labels }}"),
    *('{{ define "d" }}', '{{ template "d" . }}', '{{ block "e" .Labels }}', "{{ break }}"),
    *("text", "\n", " ", "{%", "{#", "#}", "%}", "{", "}}", "é🔥", "{{/* #} {{ */}}", "{{- 1 -}}"),
    *("{{ .StartsAt }}", '{{ .StartsAt.Format "2006 % 1" }}', "{{ `a\n{{b}}` | toUpper | len }}"),
    *('{{ printf "%d%s" 1 .Status | join "," }}', "{{ $.Status }}", "{{ (.Alerts).Firing }}"),
    *("{{ not (and .A .Status) }}", "{{ slice .Status -1 2 }}", "{{ -1 | print nil }}"),
]


@many_examples
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_go_takes_becomes_a_template(text: str) -> None:
    try:
        draft = convert(text)
    except (GoSyntaxError, NoTemplate):
        return
    try:
        compiled(draft.body, "")
    except TemplateFault as fault:
        pytest.fail(f"{text!r} → {draft.body!r}: {fault}")


@many_examples
@given(st.sampled_from(sorted(CONSTRUCTS.values())), st.data())
def test_broken_templates_are_refused_or_converted(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    try:
        draft = convert(text[:start] + text[end:])
    except (GoSyntaxError, NoTemplate):
        return
    compiled(draft.body, "")
