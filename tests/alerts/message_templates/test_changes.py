"""Templates of users: kept only when they are fit, chosen by route and channel, and never in the
way of an alert."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from accounts.tenancy import ForeignOrganization
from alerts import publish, route_trial, routes
from alerts.message_templates import cache as template_cache
from alerts.message_templates import changes as templates
from alerts.message_templates import faults as template_faults
from alerts.message_templates.changes import TemplateRefused, create_template
from alerts.models import ChannelTemplate, GroupMessage, MessageTemplate, Route
from alerts.templating.faults import TemplateFault
from alerts.templating.program import Program
from deliveries import clock, trouble_sight, troubles
from deliveries.models import Delivery, Trouble
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.factories import make_bot, make_channel, make_organization

pytestmark = pytest.mark.django_db
ENDLESS = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
BODY = "{{ emoji }} <b>{{ name }}</b> mine"


def make_template(site: Site, body: str = BODY, **values: Any) -> MessageTemplate:
    values.setdefault("name", "Mine")
    return create_template(COMMAND_LINE, site.organization, body=body, **values)


def said(site: Site) -> dict[str, Any]:
    """The parameters of the newest call."""
    rows = Delivery.objects.for_organization(site.organization).exclude(state="superseded")
    params: dict[str, Any] = rows.order_by("-id")[0].params
    return params


def broken(site: Site, body: str, **values: Any) -> MessageTemplate:
    """One that was accepted by another version of the product."""
    template = make_template(site, **values)
    MessageTemplate.objects.filter(pk=template.pk).update(body=body, updated_at=clock.now())
    return template


def test_a_channels_template_tells_its_groups() -> None:
    site = make_site()
    make_template(site, channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    assert (said(site)["text"], said(site)["parse_mode"]) == ("🟡 <b>InstanceDown</b> mine", "HTML")
    site.post(webhook(alert(status="resolved")))
    publish.publish_due()
    assert said(site)["text"] == "✅ <b>InstanceDown</b> mine"


def test_a_routes_template_comes_before_its_channels() -> None:
    site = make_site()
    make_template(site, channels=site.channels)
    other = make_template(site, "*{{ name }}* by route", name="Route", parse_mode="MarkdownV2")
    routes.change_route(COMMAND_LINE, site.route, template=other)
    site.post(webhook(alert()))
    publish.publish_due()
    assert said(site)["text"] == "*InstanceDown* by route"
    assert said(site)["parse_mode"] == "MarkdownV2"


def test_one_channel_of_two_has_a_template() -> None:
    site = make_site(channels=2)
    make_template(site, channels=site.channels[:1])
    site.post(webhook(alert()))
    publish.publish_due()
    texts = Delivery.objects.for_organization(site.organization).values_list(
        "channel_id", "params__text"
    )
    found = dict(texts)
    assert found[site.channels[0].pk] == "🟡 <b>InstanceDown</b> mine"
    assert "FIRING" in found[site.channels[1].pk]


def test_a_change_of_the_template_shows_with_the_next_change() -> None:
    site = make_site()
    template = make_template(site, channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    templates.change_template(COMMAND_LINE, template, body="new: {{ name }}")
    site.post(webhook(alert(), alert("DiskFull")))
    publish.publish_due()
    assert said(site)["text"].startswith("new: ")


def test_a_change_leaves_what_another_one_changed_meanwhile() -> None:
    site = make_site()
    first = make_template(site)
    second = MessageTemplate.objects.get(pk=first.pk)
    templates.change_template(COMMAND_LINE, second, body="new: {{ name }}")
    templates.change_template(COMMAND_LINE, first, name="Renamed")
    second.refresh_from_db()
    assert (second.name, second.body) == ("Renamed", "new: {{ name }}")


def test_a_change_records_what_it_changed_of_what_there_was() -> None:
    site = make_site()
    first = make_template(site)
    second = MessageTemplate.objects.get(pk=first.pk)
    templates.change_template(COMMAND_LINE, second, body="two: {{ name }}")
    templates.change_template(COMMAND_LINE, first, body="three: {{ name }}")
    changes = AuditEntry.objects.filter(action="change").latest("pk").changes
    assert changes == {"body": ["two: {{ name }}", "three: {{ name }}"]}


def test_markup_that_another_change_made_is_checked_with_the_new_text() -> None:
    site = make_site()
    first = make_template(site, "<b>{{ name }}</b>")
    second = MessageTemplate.objects.get(pk=first.pk)
    templates.change_template(COMMAND_LINE, second, parse_mode="", body="{{ name }} <")
    with pytest.raises(TemplateRefused):
        templates.change_template(COMMAND_LINE, first, parse_mode="HTML")
    second.refresh_from_db()
    assert second.parse_mode == ""


def test_a_template_that_is_gone_is_not_made_again_by_a_change() -> None:
    template = make_template(make_site())
    MessageTemplate.objects.filter(pk=template.pk).delete()
    with pytest.raises(TemplateRefused, match="gone"):
        templates.change_template(COMMAND_LINE, template, name="Renamed")
    assert not MessageTemplate.objects.exists()


def test_templates_cost_no_query() -> None:
    """They come along where channels and routes are read, and are compiled once."""
    site = make_site()

    def asked(name: str) -> list[str]:
        """The tables from which statements read that have to do with templates."""
        site.post(webhook(alert(name)))
        with CaptureQueriesContext(connection) as queries:
            assert publish.publish_due() == 1
        told = [query["sql"] for query in queries if "template" in query["sql"]]
        return [sql.partition(" FROM ")[2].split()[0].strip('"') for sql in told]

    # On PostgreSQL these two statements pass Django's record by.
    sees_all = connection.vendor == "sqlite"
    along = ["channels_app_notificationchannel", "alerts_route"] if sees_all else []
    assert asked("Without") == along
    make_template(site, channels=site.channels)
    assert asked("Compiled") == [*along, "alerts_messagetemplate"]
    assert asked("With") == along


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ 1 / 0 }}", "divided by zero. (line 1, column 4)"),
        ("{{ nonsense }}", "There is no ‘nonsense’"),
        ("<b>{{ name }}", "Telegram refuses it"),
        ("{% if false %}x{% endif %}", "would be empty"),
        (r"{{ opened_at|time('\u0000%Q') }}", "The time format ‘\N{REPLACEMENT CHARACTER}%Q’"),
        (r"{{ opened_at|time('\ud800%Q') }}", "The time format ‘\N{REPLACEMENT CHARACTER}%Q’"),
        (ENDLESS, "too much"),
        ("{% for a in range(9999) %}" + "x" * 50 + "{% endfor %}", "writes more than"),
    ],
)
def test_a_template_that_fails_keeps_no_alert_back(body: str, words: str) -> None:
    site = make_site()
    template = broken(site, body, channels=site.channels)
    site.post(webhook(alert()))
    assert publish.publish_due() == 1
    assert "FIRING" in said(site)["text"], "told in the usual way"
    template.refresh_from_db()
    assert words in template.fault
    assert template.failed_at is not None


def test_a_note_that_cannot_be_written_costs_nothing_else() -> None:
    site = make_site()
    template = make_template(site)
    fault = TemplateFault("value", "Strange.")
    fault.reason = "No text: \ud800"
    with transaction.atomic():
        template_faults.note([(template, fault)], clock.now())
        template.refresh_from_db()
    assert template.failed_at is None


def test_a_fault_is_noted_once_a_minute() -> None:
    site = make_site()
    template = broken(site, "{{ 1 / 0 }}", channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    template.refresh_from_db()
    first = template.failed_at
    site.post(webhook(alert("DiskFull")))
    publish.publish_due()
    template.refresh_from_db()
    assert template.failed_at == first
    MessageTemplate.objects.update(failed_at=clock.now() - timedelta(minutes=2))
    site.post(webhook(alert("HighCPU")))
    publish.publish_due()
    template.refresh_from_db()
    assert template.failed_at is not None
    assert first is not None
    assert template.failed_at > first


def test_a_new_text_is_no_longer_marked_as_failed() -> None:
    site = make_site()
    template = broken(site, "{{ 1 / 0 }}", channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    template.refresh_from_db()
    templates.change_template(COMMAND_LINE, template, name="Renamed")
    assert template.failed_at is not None, "the text is the same"
    templates.change_template(COMMAND_LINE, template, body=BODY)
    template.refresh_from_db()
    assert not template.failed_at
    assert not template.fault
    site.post(webhook(alert("DiskFull")))
    publish.publish_due()
    assert "mine" in said(site)["text"]


def test_what_takes_too_much_rests_for_a_while() -> None:
    site = make_site()
    template = broken(site, ENDLESS)
    template.refresh_from_db()
    program = template_cache.usable(template)
    site_row = MessageTemplate.objects.get(pk=template.pk)
    templates.set_channels(COMMAND_LINE, site_row, site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    assert template_cache.usable(template) is not program
    assert "too much" in str(template_cache.usable(template))


def test_what_is_changed_as_it_is_compiled_is_never_taken_for_what_it_was() -> None:
    site = make_site()
    template = make_template(site)
    read = MessageTemplate.objects.defer("body").get(pk=template.pk)
    changes = {"body": "*{{ name }}*", "parse_mode": "MarkdownV2"}
    templates.change_template(COMMAND_LINE, template, **changes)
    program = template_cache.usable(read)
    assert isinstance(program, Program)
    assert (program.body, program.parse_mode) == ("*{{ name }}*", "MarkdownV2")
    assert template_cache.usable(MessageTemplate.objects.get(pk=template.pk)) is program


def test_admins_are_told_of_a_template_that_fails() -> None:
    site = make_site()
    template = broken(site, "{{ 1 / 0 }}", channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    now = clock.now()
    (seen,) = [one for one in trouble_sight.look(now) if one.kind == "template"]
    assert (seen.organization_id, seen.subject) == (site.organization.pk, str(template.pk))
    assert "divided by zero" in seen.advice
    troubles.open(seen, now)
    assert Trouble.objects.get(organization=site.organization).name == "Mine"
    later = now + template_faults.TROUBLE_FOR + timedelta(minutes=1)
    assert template_faults.troubles(later) == []


def test_a_channel_that_leaves_its_route_gets_a_last_word() -> None:
    site = make_site()
    make_template(site, "<b>{{ name }}</b>", channels=site.channels)
    site.post(webhook(alert()))
    publish.publish_due()
    Delivery.objects.all().update(state="sent")
    routes.set_channels(COMMAND_LINE, site.route, [])
    publish.publish_due()
    assert said(site)["text"] == "No longer routed here.\n\n<b>InstanceDown</b>"


def test_trying_routes_shows_the_template() -> None:
    site = make_site()
    template = make_template(site, channels=site.channels)
    tried = route_trial.try_labels(site.organization, {"alertname": "X"})
    assert [one.text for step in tried.steps for one in step.shown] == ["❗ <b>X</b> mine"]
    templates.set_channels(COMMAND_LINE, template, [])
    tried = route_trial.try_labels(site.organization, {"alertname": "X"})
    assert "mine" not in tried.steps[0].shown[0].text


# --- making, changing, removing ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"body": "{{ titel }}"}, "body", "Did you mean ‘title’?"),
        ({"body": "<b>"}, "body", "Telegram refuses it"),
        ({"body": ""}, "body", "empty"),
        ({"name": " "}, "name", "1 to 100"),
        ({"name": "x" * 101}, "name", "1 to 100"),
        ({"parse_mode": "Markdown"}, "parse_mode", "Use HTML"),
        ({"name": "Taken"}, "name", "Another template"),
        ({"failed_at": None}, "failed_at", "can't be set"),
    ],
)
def test_what_is_not_fit_is_refused(values: dict[str, Any], field: str, words: str) -> None:
    site = make_site(channels=0)
    make_template(site, name="Taken")
    template = make_template(site)
    before = MessageTemplate.objects.get(pk=template.pk)
    with pytest.raises(TemplateRefused, match=words.replace("?", "\\?")) as refused:
        create_template(COMMAND_LINE, site.organization, **({"name": "New", "body": BODY} | values))
    assert refused.value.field == field
    with pytest.raises(TemplateRefused, match=words.replace("?", "\\?")):
        templates.change_template(COMMAND_LINE, template, **values)
    after = MessageTemplate.objects.get(pk=template.pk)
    assert (after.name, after.body, after.updated_at) == (before.name, BODY, before.updated_at)
    assert MessageTemplate.objects.for_organization(site.organization).count() == 2


def test_each_organization_names_its_own() -> None:
    first, second = make_site(channels=0), make_site(channels=0)
    make_template(first)
    make_template(second)


def test_a_channel_has_one_template() -> None:
    site = make_site(channels=2)
    one, two = make_template(site, channels=site.channels), make_template(site, name="Two")
    templates.set_channels(COMMAND_LINE, two, site.channels[:1])
    assert templates.users_of(one) == [f"channel {site.channels[1].name}"]
    assert templates.users_of(two) == [f"channel {site.channels[0].name}"]
    assert ChannelTemplate.objects.for_organization(site.organization).count() == 2
    entry = AuditEntry.objects.filter(object_id=str(two.pk)).latest("id")
    assert entry.changes == {"channels": [[], [site.channels[0].name]]}


def test_what_is_used_is_not_removed() -> None:
    site = make_site()
    template = make_template(site, channels=site.channels)
    routes.change_route(COMMAND_LINE, site.route, template=template)
    with pytest.raises(TemplateRefused, match=f"channel {site.channels[0].name}, route Everything"):
        templates.delete_template(COMMAND_LINE, template)
    templates.set_channels(COMMAND_LINE, template, [])
    routes.change_route(COMMAND_LINE, site.route, template=None)
    templates.delete_template(COMMAND_LINE, template)
    assert not MessageTemplate.objects.exists()
    assert AuditEntry.objects.filter(action="delete", object_name="Mine").exists()


def test_channels_and_routes_go_without_their_template() -> None:
    site = make_site()
    template = make_template(site, channels=site.channels)
    site.route.delete()
    for channel in site.channels:
        GroupMessage.objects.filter(channel=channel).delete()
        ChannelTemplate.objects.filter(channel=channel).delete()
    template.refresh_from_db()


def test_nothing_of_another_organization_is_joined() -> None:
    site, other = make_site(), make_organization()
    theirs = make_channel(make_bot(other))
    with pytest.raises(ForeignOrganization):
        make_template(site, channels=[theirs])
    template = create_template(COMMAND_LINE, other, name="Theirs", body=BODY)
    with pytest.raises(ForeignOrganization):
        routes.change_route(COMMAND_LINE, site.route, template=template)
    assert Route.objects.get(pk=site.route.pk).template is None
