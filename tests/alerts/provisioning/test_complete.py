"""What a person sets in the console stands in the file, or in the guide with the reason why not."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.console import site
from accounts.models import Membership, Role
from alerts.admin.upstreams import UpstreamForm
from alerts.provisioning.document import READERS
from alerts.provisioning.items import DEFAULT_ROUTE, UPSTREAM
from tests.architecture.population import populate

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "provisioning.md"

KINDS = {
    "accounts.Organization": "organization",
    "alerts.EscalationPolicy": "escalation policy",
    "alerts.Fallback": "fallback",
    "alerts.Heartbeat": "heartbeat",
    "alerts.InhibitRule": "inhibit rule",
    "alerts.Integration": "integration",
    "alerts.MessageTemplate": "template",
    "alerts.MuteTiming": "mute timing",
    "alerts.Route": "route",
    "channels_app.Bot": "bot",
    "channels_app.NotificationChannel": "channel",
}
"""Pages of the console → the kind of thing in the file."""
OTHER_WORDS = {
    ("alerts.EscalationPolicy", r"(after|channels)_\d"): "steps",
    ("alerts.Fallback", "channel"): "name",
    ("alerts.Route", r"sound_\w+"): "sound",
    ("alerts.Route", "continue_matching"): "continue",
}
"""Fields that have another name in the file."""
LEFT_OUT = {
    ("accounts.Organization", "name"): "name of the organization",
    ("accounts.Membership", ".*"): "members",
    ("accounts.ApiKey", ".*"): "API keys",
    ("channels_app.BotGrant", ".*"): "bot grants",
    ("alerts.Silence", ".*"): "silences",
    ("chatops.Endpoint", ".*"): "endpoints",
    ("chatops.OwnAction", ".*"): "own commands",
}
"""What the file cannot say → its row in the guide."""
BUTTONS = {
    ("alerts.Heartbeat", "pause"): "enabled",
    ("alerts.Heartbeat", "resume"): "enabled",
    ("alerts.Route", "up"): "order",
    ("alerts.Route", "down"): "order",
    ("alerts.Integration", "rotate"): "keys and URLs",
    ("alerts.Heartbeat", "rotate"): "keys and URLs",
    ("channels_app.NotificationChannel", "enable"): "a channel's Enable and Disable",
    ("channels_app.NotificationChannel", "disable"): "a channel's Enable and Disable",
    ("alerts.Silence", "extend"): "silences",
    ("alerts.Silence", "expire"): "silences",
}
"""Buttons that set something → the setting, or the row in the guide."""
ACTS = {
    *("acknowledge", "unacknowledge", "mine", "silence", "resolve", "retry"),
    *("check", "test", "fallback", "cancel"),
    *("take-over", "log-out", "close"),
    *("confirm", "refuse", "unlink"),
}
"""Buttons that do something once, or lead elsewhere."""


def fields_of_pages() -> dict[str, set[str]]:
    """Page → what its owner may fill in, when adding and when changing."""
    organization, rows = populate("Own")
    member = Membership.objects.for_organization(organization).get()
    Membership.objects.filter(pk=member.pk).update(role=Role.OWNER)
    client = Client()
    client.force_login(member.user)
    found: dict[str, set[str]] = {}
    for model in site._registry:
        name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{name}_add")]
        if model in rows:
            urls.append(reverse(f"{name}_change", args=[rows[model].pk]))
        for url in urls:
            found.setdefault(model._meta.label, set()).update(_fields(client.get(url)))
    return found


def _fields(response: Any) -> list[str]:
    page = response.context and response.context.get("adminform")
    fields = page.form.fields if page else {}
    return [name for name, field in fields.items() if not field.disabled]


def _of(table: dict[tuple[str, str], str], label: str, name: str) -> str:
    for (page, pattern), word in table.items():
        if page == label and re.fullmatch(pattern, name):
            return word
    return ""


def left_out_in_the_guide() -> set[str]:
    section = GUIDE.read_text("utf-8").partition("## What is not in it\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return {name for name, _ in rows}


def test_every_field_of_the_console_is_in_the_file_or_left_out_by_name() -> None:
    known = left_out_in_the_guide()
    missing, seen = [], set()
    for label, names in fields_of_pages().items():
        for name in sorted(names):
            seen.add(label)
            if word := _of(LEFT_OUT, label, name):
                missing += [] if word in known else [f"{word} has no row in the guide"]
                continue
            setting = _of(OTHER_WORDS, label, name) or name
            if setting not in {"name", *READERS[KINDS[label]]}:
                missing.append(f"{label}.{name}")
    assert missing == []
    assert seen >= {*KINDS, *(label for label, _ in LEFT_OUT)}, "a page was not read"


def test_the_forms_beside_the_pages_are_in_the_file() -> None:
    """An integration's upstream and its mapping."""
    assert set(UpstreamForm.base_fields) - {"drop_secret"} <= READERS[UPSTREAM].keys()
    assert "mapping" in READERS["integration"]
    assert READERS[DEFAULT_ROUTE].keys() < READERS["route"].keys()


def test_every_button_of_the_console_is_in_the_file_or_left_out_by_name() -> None:
    known = left_out_in_the_guide()
    settings = {name for readers in READERS.values() for name in readers} | {"order"}
    wrong = []
    for model, page in site._registry.items():
        for button in getattr(page, "buttons", ()):
            word = _of(BUTTONS, model._meta.label, button.name)
            if not word and button.name not in ACTS:
                wrong.append(f"{model._meta.label}: {button.name}")
            if word and word not in known | settings:
                wrong.append(f"{word} has no row in the guide")
    assert wrong == []


def test_the_guide_names_nothing_that_is_not_left_out() -> None:
    assert left_out_in_the_guide() == {*LEFT_OUT.values(), *BUTTONS.values(), *BY_OPERATORS} - {
        *("enabled", "order")
    }


BY_OPERATORS = {"an organization's ingest limit"}
"""Only the installation's operator may fill it in, whom these pages do not see."""
