"""The console's template pages."""

import json
from typing import Any
from uuid import uuid4

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts import publish
from alerts.message_templates.changes import create_template
from alerts.models import AlertGroup, MessageTemplate, Route
from alerts.templating.styles import STYLES
from deliveries import clock
from tests.alerts.senders import alert, make_site, webhook
from tests.console import Person

pytestmark = pytest.mark.django_db
LIST = "/alerts/messagetemplate/"
ADD = f"{LIST}add/"
PREVIEW = f"{LIST}preview/"
CONVERT = f"{LIST}convert/"
FORM: dict[str, Any] = {
    "name": "Mine",
    "parse_mode": "HTML",
    "body": "<b>{{ name }}</b>\r\n{{ where }}",
}


def ask(person: Person, status: int = 200, **changes: Any) -> Any:
    """What the editor hears."""
    question = {"body": FORM["body"], "told": "one", "parse_mode": "HTML"} | changes
    answer = person.client.post(PREVIEW, json.dumps(question), "application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_template_is_made_changed_and_removed() -> None:
    site = make_site()
    person = Person(site.organization)
    assert "There is none yet" in person.read(LIST)
    person.send(ADD, **FORM, channels=[site.channels[0].pk])
    template = MessageTemplate.objects.get(organization=site.organization)
    assert template.body == "<b>{{ name }}</b>\n{{ where }}"
    page = person.read(LIST)
    assert site.channels[0].name in page
    change = f"{LIST}{template.pk}/change/"
    assert "&lt;b&gt;{{ name }}" in person.read(change)
    assert "It is used by channel" in person.read(
        person.send(f"{LIST}{template.pk}/delete/", post="yes")
    )
    person.send(change, **FORM)
    assert template.channel_choices.count() == 0
    person.send(f"{LIST}{template.pk}/delete/", post="yes")
    assert not MessageTemplate.objects.exists()


def test_a_mistake_that_is_no_text_is_told() -> None:
    person = Person()
    body = r"{{ opened_at|time('\ud800%Q') }}"
    page = person.client.post(ADD, FORM | {"body": body})
    assert page.status_code == 200
    assert "‘\N{REPLACEMENT CHARACTER}%Q’" in page.content.decode()


def test_a_mistake_is_told_at_the_body() -> None:
    person = Person()
    page = person.send(ADD, 200, **FORM | {"body": "{{ titel }}"})
    assert "Did you mean ‘title’? (line 1, column 4)" in page
    assert not MessageTemplate.objects.exists()


@pytest.mark.parametrize("style", STYLES)
def test_a_new_template_begins_as_a_style(style: str) -> None:
    person = Person()
    pages = person.read(LIST), person.read(ADD)
    assert f"{ADD}?style={style}" in pages[0]
    assert all("console/console.css" in page for page in pages)
    line = STYLES[style].body.splitlines()[-1]
    page = person.read(f"{ADD}?style={style}")
    assert line.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;") in page


@pytest.mark.parametrize("path", [LIST, ADD, CONVERT])
def test_the_pages_look_like_the_console(path: str) -> None:
    assert "console/console.css" in Person().read(path), "what a page tells may take its place"


def test_one_that_failed_says_so() -> None:
    site = make_site()
    person = Person(site.organization)
    template = create_template(COMMAND_LINE, site.organization, name="Mine", body="{{ name }}")
    assert "Ready" in person.read(LIST)
    MessageTemplate.objects.update(failed_at=clock.now(), fault="It is <broken>")
    assert "Failed" in person.read(LIST)
    assert "It is &lt;broken&gt;" in person.read(f"{LIST}{template.pk}/change/")


def test_a_route_chooses_a_template() -> None:
    site = make_site()
    template = create_template(COMMAND_LINE, site.organization, name="Mine", body="{{ name }}")
    person = Person(site.organization)
    change = f"/alerts/route/{site.route.pk}/change/"
    assert "As the channel says" in person.read(change)
    form: dict[str, Any] = {
        "name": site.route.name,
        "channels": [site.channels[0].pk],
        "enabled": "on",
        "group_wait": 0,
        "group_interval": 0,
        "repeat_interval": 14400,
        "group_by": "",
    }
    person.send(change, **form, template=template.pk)
    assert Route.objects.get(pk=site.route.pk).template == template
    person.send(change, **form)
    assert Route.objects.get(pk=site.route.pk).template is None


def test_the_editor_shows_samples_and_groups() -> None:
    site = make_site()
    person = Person(site.organization, Role.VIEWER)
    shown = ask(person)
    assert shown["text"] == "InstanceDown\nweb-1:9100"
    assert shown["entities"] == [{"type": "bold", "offset": 0, "length": 12}]
    site.post(webhook(alert("DiskFull")))
    publish.publish_due()
    group = AlertGroup.objects.get(organization=site.organization)
    assert ask(person, told=str(group.pk))["text"] == "DiskFull\nweb-1"
    create_template(COMMAND_LINE, site.organization, name="Mine", body="{{ name }}")
    owner = Person(site.organization)
    assert f'value="{group.pk}"' in owner.read(ADD)
    wrong = ask(person, body="a\n{{ nam }}")
    assert (wrong["text"], wrong["line"], wrong["column"]) == ("", 2, 4)
    assert "Did you mean ‘name’?" in wrong["error"]


def test_the_editor_shows_nothing_of_others() -> None:
    other = make_site()
    other.post(webhook(alert("Secret")))
    group = AlertGroup.objects.get(organization=other.organization)
    person = Person()
    assert str(group.pk) not in person.read(ADD)
    theirs = ask(person, 404, told=str(group.pk))
    assert theirs == ask(person, 404, told=str(uuid4()))


@pytest.mark.parametrize(
    "changes", [{"parse_mode": "Markdown"}, {"parse_mode": None}, {"body": "x" * 70_000}]
)
def test_what_the_editor_would_not_ask(changes: dict[str, Any]) -> None:
    ask(Person(), 400, **changes)


def test_what_is_nested_too_deeply_is_no_question() -> None:
    person = Person()
    answer = person.client.post(PREVIEW, "[" * 30_000, "application/json")
    assert answer.status_code == 400


def test_what_is_no_question() -> None:
    person = Person()
    for body in (b"", b"[]", b"{}", b"\xff"):
        answer = person.client.post(PREVIEW, body, "application/json")
        assert answer.status_code == 400
    assert person.client.get(PREVIEW).status_code == 405
    ask(person, 404, told="no such sample")


GO = "{{ range .Alerts }}\r\n<b>{{ .Labels.alertname }}</b> {{ since .StartsAt }}\r\n{{ end }}"


def test_a_go_template_opens_in_the_editor_with_its_report() -> None:
    person = Person()
    assert CONVERT in person.read(LIST)
    assert "Go template" in person.read(CONVERT)
    editor = person.send(CONVERT, text=GO, parse_mode="HTML", name="")
    page = person.read(editor)
    assert "&lt;b&gt;{{ a.labels.alertname }}&lt;/b&gt;" in page
    assert "{# Not converted: {{ since .StartsAt }} #}" in page
    assert "line 2, column 32" in page
    assert "a minute later" in page
    assert "InstanceDown · web-1:9100 +2" in page, "the usual look stands beside it"
    body = "{% for a in alerts %}{{ a.labels.alertname or a.name or '-' }}{% endfor %}"
    wrong = person.send(editor, 200, **FORM | {"body": body.replace("alerts", "alrts")})
    assert "a minute later" in wrong, "the report stays while the draft is mended"
    person.send(editor, **FORM | {"body": body})
    assert MessageTemplate.objects.get(organization=person.organization).body == body


def test_a_draft_keeps_its_format() -> None:
    person = Person()
    page = person.read(
        person.send(CONVERT, text="*x* {{ .Status }}", parse_mode="MarkdownV2", name="")
    )
    assert '<option value="MarkdownV2" selected>' in page
    assert "All of it was converted" in page


def test_without_a_draft_the_editor_is_as_always() -> None:
    assert "opened_at" in Person().read(f"{ADD}?draft=1")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"text": "a\n{{ if }}"}, "A value is missing. (line 2, column 6)"),
        ({"text": ""}, "required"),
        ({"text": "x", "name": "mine"}, "There is no definition &#x27;mine&#x27;"),
        ({"text": "x" * 65_537}, "65536"),
    ],
)
def test_what_is_no_go_template_is_told(form: dict[str, Any], words: str) -> None:
    assert words in Person().send(CONVERT, 200, **{"parse_mode": "HTML", "name": "", **form})


def test_viewers_convert_nothing() -> None:
    viewer = Person(role=Role.VIEWER)
    viewer.read(CONVERT, 403)
    assert CONVERT not in viewer.read(LIST)
