"""Templates over REST, and that a preview is what is delivered."""

from dataclasses import replace
from datetime import UTC
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role
from alerts import publish
from alerts.message_templates.preview import preview
from alerts.models import AlertGroup, MessageTemplate
from alerts.publish_plan import Situation, make_plan
from alerts.rendering.kinds import NOTHING
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.severity import Severity
from alerts.sound import Heard, Policy
from alerts.sources.incoming import AlertStatus, Link, LinkKind
from alerts.templating.faults import TemplateFault
from alerts.templating.program import compiled
from alerts.templating.samples import SAMPLES
from botapi import entities
from botapi.markup import ParseMode
from deliveries.models import Delivery
from tests.alerts.rendering.cases import OPENED
from tests.alerts.rendering.groups import groups, many_examples
from tests.alerts.senders import alert, make_site, webhook
from tests.alerts.templating.bodies import BODIES
from tests.rest import Api

PREVIEWS = 1_000
PIECES = (
    "web-1:9100",
    "<b>",
    "</code>",
    "&lt;",
    "`",
    "*b*",
    "_",
    "||",
    "](",
    "\\",
    "/var",
    "\n",
    "мир",
)
STATUSES: tuple[AlertStatus, ...] = ("firing", "resolved", "event")


def random_group(random: Random) -> GroupView:
    """Of some alerts, with odd texts everywhere. Much faster than hypothesis, hence many."""

    def words(most: int = 6) -> str:
        return " ".join(random.choices(PIECES, k=random.randint(0, most)))

    def mapping() -> dict[str, str]:
        return {random.choice(("instance", "team", "job", words())): words() for _ in range(3)}

    alerts = tuple(
        AlertView(
            f"a{number}",
            words(),
            random.choice(STATUSES),
            random.choice((*Severity, None)),
            labels=mapping(),
            annotations=mapping(),
            starts_at=random.choice((OPENED, None)),
            value_text=words(),
            summary=words(),
            description=words(random.choice((6, 600))),
            links=(Link(LinkKind.SOURCE, f"https://example.org/{words()}", words()),),
        )
        for number in range(random.choice((0, 1, 2, 3, 12)))
    )
    return GroupView(
        words(),
        random.choice(STATUSES),
        alerts,
        OPENED,
        group_labels=mapping(),
        silenced_note=words(),
    )


@st.composite
def told(draw: Any) -> tuple[str, ParseMode, GroupView, bool]:
    body, parse_mode = draw(st.sampled_from(BODIES))
    return body, parse_mode, draw(groups), draw(st.booleans())


@many_examples
@given(told())
def test_the_preview_is_what_is_delivered(one: tuple[str, ParseMode, GroupView, bool]) -> None:
    compare(*one)


def test_the_preview_of_a_thousand_groups_is_what_is_delivered() -> None:
    random = Random(23)
    told = 0
    for _ in range(PREVIEWS):
        body, parse_mode = random.choice(BODIES)
        told += compare(body, parse_mode, random_group(random), random.random() < 0.3)
    assert told > PREVIEWS * 0.9, "the others were told in the usual way, and the preview says why"


def compare(body: str, parse_mode: ParseMode, group: GroupView, caption: bool) -> bool:
    """What the editor shows with what the outbox is given, both as Telegram reads them. Whether the
    template told it."""
    channel = ChannelView(parse_mode, UTC)
    situation = Situation(
        group_message_id=uuid4(),
        group=group,
        document="",
        channel=channel,
        policy=Policy(),
        params={},
        shown=NOTHING,
        heard=Heard(),
        now=OPENED,
        template=compiled(body, parse_mode),
        is_gone=True,
    )
    if caption:
        situation = replace(situation, picture="https://example.org/a.png", attachment_id=uuid4())
    plan = make_plan(situation)
    seen = preview(body, parse_mode, group, channel, caption=caption)
    if plan.fault:
        assert isinstance(seen.fault, TemplateFault)
        assert seen.fault.reason == plan.fault.reason
        return False
    params = plan.steps[0].call.params
    sent = str(params["caption" if caption else "text"])
    received = entities.as_sent(sent, str(params.get("parse_mode", "")))
    assert (seen.text, tuple(seen.entities)) == (received.text, received.entities)
    return True


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "parse_mode"), BODIES)
def test_the_preview_of_a_stored_group_is_what_its_channel_got(
    body: str, parse_mode: ParseMode
) -> None:
    site = make_site()
    api = Api(site.organization)
    made = api.post(
        "templates/",
        {
            "name": "Mine",
            "body": body,
            "parse_mode": parse_mode,
            "channels": [str(site.channels[0].pk)],
        },
    )
    assert made.status_code == 201, made.content
    site.post(webhook(alert(), alert("DiskFull", labels={"path": "/var <&> *_`"})))
    publish.publish_due()
    params = Delivery.objects.get(organization=site.organization).params
    group = AlertGroup.objects.get(organization=site.organization)
    shown = api.post(
        "templates/preview/", {"body": body, "parse_mode": parse_mode, "group": str(group.pk)}
    ).json()
    assert shown["faults"] == []
    received = entities.as_sent(params["text"], params.get("parse_mode", ""))
    assert (shown["text"], shown["entities"]) == (received.text, list(received.entities))
    assert (shown["markup"], shown["length"]) == (params["text"], len(received.text))


# --- the resource --------------------------------------------------------------------------------

pytest_db = pytest.mark.django_db


@pytest_db
def test_a_template_from_beginning_to_end() -> None:
    site = make_site()
    api = Api(site.organization)
    made = api.post("templates/", {"name": "Mine", "body": "<b>{{ name }}</b>\n"})
    assert made.status_code == 201
    row = made.json()
    assert (row["parse_mode"], row["channels"], row["routes"]) == ("HTML", [], [])
    assert row["body"] == "<b>{{ name }}</b>\n", "white space is the author's"
    path = f"templates/{row['id']}/"
    channel = str(site.channels[0].pk)
    assert api.patch(path, {"channels": [channel]}).json()["channels"] == [channel]
    assert api.patch(f"routes/{site.route.pk}/", {"template": row["id"]}).status_code == 200
    assert api.get(path).json()["routes"] == [str(site.route.pk)]
    assert api.get("templates/?search=mi").json()["results"][0]["name"] == "Mine"
    used = api.delete(path)
    assert used.status_code == 409
    assert "is used by channel" in used.json()["detail"]
    assert api.patch(path, {"channels": []}).json()["channels"] == []
    assert api.patch(f"routes/{site.route.pk}/", {"template": None}).json()["template"] is None
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest_db
@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"name": "x", "body": "{{ titel }}"}, "/body", "‘title’? (line 1, column 4)"),
        ({"name": "x", "body": "a\n<b>{{ name }}"}, "/body", "(line 2, column 1)"),
        ({"name": "x", "body": "x" * 8193}, "/body", "8192"),
        ({"name": "", "body": "x"}, "/name", "blank"),
        ({"name": "x"}, "/body", "required"),
        ({"name": "x", "body": "x", "parse_mode": "Markdown"}, "/parse_mode", "'MarkdownV2'"),
        ({"name": "x", "body": "x", "fault": "y"}, "/fault", "can't be set"),
    ],
)
def test_what_is_not_fit_is_refused(body: dict[str, Any], pointer: str, words: str) -> None:
    answer = Api().post("templates/", body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]
    assert not MessageTemplate.objects.exists()


@pytest_db
@pytest.mark.parametrize("sample", SAMPLES)
def test_previews_of_samples(sample: str) -> None:
    body = "<b>{{ name or 'x' }}</b> {{ counts.total }}"
    shown = Api(role=Role.VIEWER).post("templates/preview/", {"body": body, "sample": sample})
    assert shown.status_code == 200
    assert shown.json()["entities"][0]["type"] == "bold"


@pytest_db
@pytest.mark.parametrize(
    ("body", "kind", "line", "column"),
    [
        ("{{ titel }}", "syntax", 1, 4),
        ("a\n{% if %}", "syntax", 2, 7),
        ("<i>x", "markup", 1, 1),
        ("", "markup", None, None),
        ("{% include 'x' %}", "denied", 1, 4),
    ],
)
def test_a_preview_says_what_is_wrong_and_where(
    body: str, kind: str, line: int | None, column: int | None
) -> None:
    answer = Api().post("templates/preview/", {"body": body})
    assert answer.status_code == 200
    (error,) = answer.json()["faults"]
    assert (error["kind"], error["line"], error["column"]) == (kind, line, column), error
    assert error["detail"]
    assert answer.json()["text"] == ""


@pytest_db
def test_a_preview_as_caption_is_shorter() -> None:
    body = "{{ alerts[0].description }}"
    lengths = [
        Api().post("templates/preview/", {"body": body, "sample": "long", "caption": caption})
        for caption in (False, True)
    ]
    whole, caption = [answer.json() for answer in lengths]
    assert whole["length"] > 2000
    assert caption["length"] <= 1024
    assert caption["is_shortened"]


@pytest_db
def test_the_styles_can_be_copied() -> None:
    api = Api()
    for style in api.get("templates/styles/").json():
        made = api.post(
            "templates/",
            {"name": style["name"], "body": style["body"], "parse_mode": style["parse_mode"]},
        )
        assert made.status_code == 201, made.content


# --- Go's templates ------------------------------------------------------------------------------


@pytest_db
def test_a_go_template_becomes_a_draft_that_can_be_stored() -> None:
    api = Api()
    text = (
        "{{ range .Alerts.Firing }}<b>{{ .Labels.instance }}</b> {{ since .StartsAt }}\n{{ end }}"
    )
    answer = Api(role=Role.VIEWER).post("templates/import/", {"text": text, "sample": "one"})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["preview"]["text"] == "web-1:9100"
    assert found["preview"]["entities"] == [{"type": "bold", "offset": 0, "length": 10}]
    assert "Instance web-1:9100 is down" in found["usual"]["text"]
    note, about_others = found["notes"]
    assert (note["kind"], note["line"], note["column"]) == ("lost", 1, 57)
    assert note["original"] == "{{ since .StartsAt }}"
    assert "a minute later" in note["detail"]
    assert "a line of their own" in about_others["detail"]
    assert not MessageTemplate.objects.exists()
    made = api.post("templates/", {"name": "Drafted", "body": found["body"]})
    assert made.status_code == 201, made.content


@pytest_db
@pytest.mark.parametrize(
    "text",
    [
        '{{ template "telegram.default.message" . }}',
        '{{ template "__subject" . }}',
        "{{ range .Alerts.Firing }}<b>{{ .Labels.alertname }}</b>{{ end }}",
        "{{ range .Alerts.Resolved }}{{ .Labels.alertname }}{{ end }}",
        "{{ .CommonLabels.alertname }}",
    ],
)
def test_what_tells_not_every_alert_can_be_stored(text: str) -> None:
    api = Api()
    found = api.post("templates/import/", {"text": text}).json()
    assert api.post("templates/", {"name": "x", "body": found["body"]}).status_code == 201


@pytest_db
@pytest.mark.parametrize("text", ["x" * 8_193, "{{ .Status }}" * 1_000, "<{{ .Status }}>"])
def test_a_draft_that_can_not_be_stored_says_why(text: str) -> None:
    found = Api().post("templates/import/", {"text": text}).json()
    assert found["notes"][-1]["detail"].startswith("The draft can't be stored yet.")
    assert found["preview"]["faults"]


@pytest_db
def test_a_draft_that_telegram_refuses_says_so() -> None:
    found = Api().post("templates/import/", {"text": "<b>{{ .Status }}"}).json()
    assert found["preview"]["faults"][0]["kind"] == "markup"
    plain = Api().post("templates/import/", {"text": "<b>{{ .Status }}", "parse_mode": ""}).json()
    assert plain["preview"]["text"] == "<b>firing"


@pytest_db
@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"text": "a\n{{ if }}"}, "/text", "A value is missing. (line 2, column 6)"),
        ({"text": " \n"}, "/text", "nothing to convert"),
        ({"text": "{{/* only words */}}"}, "/text", "nothing to convert"),
        ({"text": "x" * 65_537}, "/text", "65536"),
        ({"text": "x", "name": "mine"}, "/name", "no definition 'mine'"),
        ({"text": "x", "sample": "none"}, "/sample", "Use one of"),
        ({"text": "x", "parse_mode": "Markdown"}, "/parse_mode", "Markdown"),
        ({}, "/text", "required"),
    ],
)
def test_what_is_no_go_template_is_refused(body: dict[str, Any], pointer: str, words: str) -> None:
    answer = Api().post("templates/import/", body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]
