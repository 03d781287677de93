"""`manage.py try_routes`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND_LINE
from alerts import routes
from tests.alerts.senders import Site, make_site
from tests.factories import make_bot, make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    site = make_site(0)
    channel = make_channel(make_bot(site.organization), name="On call", silent="always")
    routes.create_route(
        COMMAND_LINE,
        site.organization,
        "Critical",
        matchers='severity="critical"',
        integrations=[site.integration],
        channels=[channel],
    )
    return site


def said(site: Site, *arguments: str) -> list[str]:
    out = StringIO()
    call_command("try_routes", site.organization.slug, *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_where_it_would_go(site: Site) -> None:
    name = site.integration.name
    lines = said(site, "severity=critical", "alertname=A=B", "--integration", name, "--text")
    assert lines[:3] == [
        "-> Critical: Every matcher holds.",
        "     to On call, without a sound",
        "     | 🔴 FIRING critical · A=B",
    ]
    assert lines[-1] == "   Everything else: Not needed: a route above takes it."


def test_nowhere(site: Site) -> None:
    assert said(site, "severity=warning") == [
        f"   Critical: It takes alerts of {site.integration} alone.",
        "-> Everything else: No route above takes it.",
        "No channel would show it.",
    ]


def test_what_cannot_be_tried(site: Site) -> None:
    for words, arguments in (
        ("name=value", ["severity"]),
        ("name=value", ["=critical"]),
        ("no integration", ["--integration", "Other"]),
    ):
        with pytest.raises(CommandError, match=words):
            said(site, *arguments)
    with pytest.raises(CommandError, match="no organization 'nobody'"):
        call_command("try_routes", "nobody")
