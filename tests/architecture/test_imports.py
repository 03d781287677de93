"""Who may import whom; and that a planted violation of each rule is caught."""

from pathlib import Path

import pytest

from tests.architecture.imports import (
    ORDER,
    PURE,
    Module,
    cycles,
    modules_of,
    violations,
)

ROOT = Path(__file__).resolve().parents[2]


def test_the_house_is_in_order() -> None:
    assert [line for module in modules_of(ROOT) for line in violations(module)] == []


def test_nothing_imports_in_circles() -> None:
    assert cycles(modules_of(ROOT)) == []


def test_the_rules_see_every_package_and_every_pure_module() -> None:
    names = {module.name for module in modules_of(ROOT)}
    assert set(PURE) <= names, "a pure module was moved: name its new place"
    existing = {package for package in ORDER if (ROOT / package).is_dir()}
    assert existing <= names
    assert len(names) > 50


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("alerts.ingest", "import chatops.receiving.inbox", "not above alerts"),
        ("accounts.audit", "from channels_app.models import Bot", "not above accounts"),
        ("accounts.audit", "from channels_app import models", "not above accounts"),
        ("botapi.client", "from accounts import models", "not above botapi"),
        ("deliveries.outbox", "from config import env", "not above deliveries"),
        ("alerts.ingest", "import sandbox.world", "not above alerts"),
        ("config.wsgi", "import sandbox.world", "nobody imports"),
        ("sandbox.world", "from deliveries import pacing", "not above sandbox"),
        (
            "alerts.ingest",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import miniapp.views",
            "not above alerts",
        ),
        ("alerts.ingest", "def f():\n    from alerts import publish", "inside f()"),
        ("alerts.ingest", "class A:\n    async def g(self):\n        import botapi", "inside g()"),
        ("alerts.ingest", "def ready():\n    from alerts import publish", "inside ready()"),
        ("alerts.ingest", "from ..chatops import inbox", "not above alerts"),
        ("alerts.publish", "from alerts import tasks", "entry point alerts.tasks"),
        ("alerts.publish", "from alerts.api import AlertView", "entry point alerts.api"),
        ("alerts.publish", "from . import webhooks", "entry point alerts.webhooks"),
        ("chatops.replies", "from alerts.admin.groups import A", "entry point alerts.admin.groups"),
        ("alerts.tasks", "from alerts.api import AlertView", "entry point alerts.api"),
        ("deliveries.admin", "from channels_app.api import X", "entry point channels_app.api"),
        ("botapi.methods", "import django", "pure and imports django"),
        ("alerts.matchers", "from django.conf import settings", "pure and imports django.conf"),
        ("alerts.matchers", "from alerts.models import Alert", "which is not"),
        ("accounts.audit", "from django.db.models.signals import post_save", "signals"),
        ("accounts.audit", "from django.db.models import signals", "signals"),
        ("accounts.audit", "from django.dispatch import receiver", "signals"),
        ("alerts.publish", "import importlib\nimportlib.import_module(name)", "built-up name"),
        ("alerts.publish", "import_string(name)", "built-up name"),
        ("alerts.publish", "import_string('alerts.tasks.' + name)", "built-up name"),
        ("alerts.publish", "import_module('alerts.tasks')", "built-up name"),
    ],
)
def test_a_planted_violation_is_caught(name: str, source: str, expected: str) -> None:
    assert any(expected in line for line in violations(Module(name, source)))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("alerts.ingest", "from deliveries.outbox import send\nimport json"),
        ("alerts.admin.groups", "from alerts.admin.base import Base"),
        ("alerts.urls", "from alerts import views"),
        ("deliveries.api", "from channels_app import api"),
        ("deliveries.admin", "from channels_app.admin import BotPage"),
        ("config.urls", "from alerts import webhooks"),
        ("config.apps", "class A:\n    def ready(self):\n        from config import checks"),
        ("alerts.publish", "def f():\n    import json"),
        ("sandbox.methods", "from botapi.limits import TEXT_MAX"),
        ("alerts.matchers", "import re2"),
        ("botapi.tdlib", "import importlib\nimportlib.import_module('tdjson')"),
    ],
)
def test_what_is_allowed_is_not_caught(name: str, source: str) -> None:
    assert violations(Module(name, source)) == []


def test_a_planted_circle_is_caught() -> None:
    circle = [
        Module("alerts.one", "from alerts import two"),
        Module("alerts.two", "from alerts.three import X"),
        Module("alerts.three", "import alerts.one"),
        Module("alerts.four", "import alerts.one"),
    ]
    assert cycles(circle) == ["alerts.one → alerts.two → alerts.three → alerts.one"]
