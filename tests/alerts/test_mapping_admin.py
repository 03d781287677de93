"""The console page of a mapping, and the parts that it asks for."""

import json
from typing import Any

import pytest
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts import integrations
from alerts.admin.mappings import checked, rows_of, shown_payload
from alerts.models import Integration, Payload, Trace
from alerts.sources.mapping import FIELDS, stored_form
from alerts.sources.presets import PRESETS
from tests.alerts.senders import Site
from tests.alerts.test_payloads import PROBLEM, mapped_site
from tests.console import Person

pytestmark = pytest.mark.django_db
FORM = {
    "title": "concat(event, ' on ', host)",
    "status": "state",
    "status.values": "PROBLEM = firing\n\nOK=resolved\n* = firing",
    "payload": json.dumps(PROBLEM),
    "content_type": "application/json",
}


@pytest.fixture
def site() -> Site:
    return mapped_site(None)


@pytest.fixture
def person(site: Site) -> Person:
    return Person(site.organization)


def sent(person: Person, path: str, form: dict[str, str], code: int = 200) -> str:
    """The answer to the form, whose fields are called as arguments of Person.send are."""
    response = person.client.post(path, form)
    assert response.status_code == code, response.content[:3000]
    return response.headers.get("Location", "") or response.content.decode()


def page_of(site: Site, part: str = "") -> str:
    return f"/alerts/integration/{site.integration.pk}/mapping/{part}"


def test_a_mapping_is_saved_shown_and_removed(site: Site, person: Person) -> None:
    assert "Nothing has come in yet" in person.read(page_of(site))
    assert sent(person, page_of(site), FORM, 302) == page_of(site)
    integration = Integration.objects.get(pk=site.integration.pk)
    assert integration.mapping is not None
    assert integration.mapping["rules"]["status"] == {
        "expression": "state",
        "values": {"PROBLEM": "firing", "OK": "resolved", "*": "firing"},
    }
    page = person.read(page_of(site))
    assert "concat(event, &#x27; on &#x27;, host)" in page
    assert "OK = resolved" in page
    assert "The mapping is saved." in page
    sent(person, page_of(site), {**FORM, "remove": "1"}, 302)
    integration.refresh_from_db()
    assert integration.mapping is None


@pytest.mark.parametrize(
    "values",
    [
        {"OK": "resolved", "*": "firing"},
        {"a=b": "x"},
        {"a = b": "c = d"},
        {"k\nl": "y", "m": "n\r\no"},
        {" s ": "z", "": "t", "u": " ", "v": ""},
        {'"q"': '"r"', '"': "'", '"x" = "y"': "z"},
        {"a\u2028b": "\x85", "c\x1cd": "é"},
        {"\\": "\\n"},
    ],
)
def test_the_form_says_what_the_mapping_says(values: dict[str, Any]) -> None:
    mapping = stored_form({"rules": {"title": {"expression": "a", "values": values}}})
    rows = rows_of(mapping)
    assert checked(rows) == mapping, [row.values for row in rows if row.values]


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=4))
def test_the_form_says_any_mapping(values: dict[str, Any]) -> None:
    mapping = stored_form({"rules": {"title": {"expression": "a", "values": values}}})
    assert checked(rows_of(mapping)) == mapping


def test_a_mapping_with_odd_words_is_saved_as_it_is(site: Site, person: Person) -> None:
    rule: dict[str, Any] = {"expression": "a", "values": {"a=b": "x", "k\nl": " y "}}
    mapping = stored_form({"rules": {"title": rule, "starts_at": rule}})
    integrations.set_mapping(COMMAND_LINE, site.integration, mapping)
    form = {row.name: row.expression for row in rows_of(mapping) if row.has_values}
    form |= {f"{row.name}.values": row.values for row in rows_of(mapping) if row.has_values}
    assert escape('"a=b" = x') in person.read(page_of(site))
    sent(person, page_of(site), form, 302)
    assert Integration.objects.get(pk=site.integration.pk).mapping == mapping


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": ""}, "Give title or message an expression."),
        ({"title": "a..b"}, "(character 3)."),
        ({"items": "["}, "It ends too early (character 2)."),
        ({"status.values": "firing"}, "word = meaning, unlike &#x27;firing&#x27;"),
        ({"status.values": '"a=b'}, "word = meaning, unlike"),
        ({"status.values": '"a" b = c'}, "word = meaning, unlike"),
        ({"status.values": 'a = "b" c'}, "word = meaning, unlike"),
        ({"title.values": f"a = {'b' * 201}"}, "A value may have 200 characters."),
    ],
)
def test_what_is_wrong_is_told_beside_it(
    site: Site, person: Person, form: dict[str, str], words: str
) -> None:
    page = sent(person, page_of(site), {**FORM, **form})
    assert words in page
    assert "Disk full" in page, "the payload that was pasted is still there"
    assert Integration.objects.get(pk=site.integration.pk).mapping is None
    assert words in sent(person, page_of(site, "try/"), {**FORM, **form})


def test_the_preview_shows_what_would_be_stored(site: Site, person: Person) -> None:
    preview = sent(person, page_of(site, "try/"), FORM)
    assert "Disk full on db1" in preview
    assert "Firing" in preview
    passed_over = sent(person, page_of(site, "try/"), {**FORM, "items": "`[]`"})
    assert "passed over" in passed_over
    unread = sent(person, page_of(site, "try/"), {**FORM, "payload": '{"a": '})
    assert "line 1" in unread
    several = {**FORM, "items": "[@, @, `5`]", "title": "event || sum(@)", "url": "sum(event)"}
    told = sent(person, page_of(site, "try/"), several)
    assert told.count("left out: sum() needs") == 1, "the same words once"
    assert "could not be mapped: title: sum() needs" in told


def test_a_payload_that_came_is_shown(site: Site, person: Person) -> None:
    site.post(b'{"load": 1.10}')
    site.post(PROBLEM)
    first, last = Payload.objects.order_by("pk")
    assert "&quot;event&quot;: &quot;Disk full&quot;" in person.read(page_of(site))
    shown = person.read(page_of(site, f"payload/?kept={first.pk}"))
    assert "{&quot;load&quot;: 1.10}" in shown, "as it came: indented it would be another number"
    assert str(last.pk) not in shown


@pytest.mark.parametrize("body", ["payload=%7B%7D", "[" * 2_000, "a\nb", '{"a": NaN}', "é"])
def test_any_payload_can_be_shown(body: str) -> None:
    assert shown_payload(Payload(body=body))["payload"]


def test_presets_fill_the_form(site: Site, person: Person) -> None:
    page = person.read(page_of(site))
    for name, preset in PRESETS.items():
        assert f'value="{name}"' in page
        part = person.read(page_of(site, f"fields/?preset={name}"))
        assert all(f'name="{field}"' in part for field in FIELDS)
        assert escape(preset.hint) in part
    person.read(page_of(site, "fields/?preset=nagios"), 404)


def test_the_integration_says_what_to_do(site: Site, person: Person) -> None:
    change = f"/alerts/integration/{site.integration.pk}/change/"
    assert "Write the mapping" in person.read(change)
    integrations.set_mapping(
        COMMAND_LINE, site.integration, {"rules": {"title": {"expression": "event"}}}
    )
    assert "become alerts by a" in person.read(change)


def test_a_trace_leads_to_the_mapping_that_failed(site: Site, person: Person) -> None:
    site.post(PROBLEM)
    trace = f"/alerts/trace/{Trace.objects.get().pk}/change/"
    assert page_of(site) in person.read(trace)


@pytest.mark.parametrize("part", ["", "payload/", "fields/?preset=zabbix"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
def test_only_admins_see_it(site: Site, role: str, part: str) -> None:
    site.post(PROBLEM)
    Person(site.organization, role).read(page_of(site, part), 403)
    Person(role=Role.OWNER).read(page_of(site, part), 404)


def test_a_foreign_payload_does_not_exist(site: Site, person: Person) -> None:
    other = mapped_site(None)
    other.post(PROBLEM)
    foreign: Any = Payload.objects.get()
    for kept in (foreign.pk, "x", ""):
        person.read(page_of(site, f"payload/?kept={kept}"), 404)
