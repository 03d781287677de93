"""Fallbacks in a file: each kind, what is refused, the order in which they are set, and secrets."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Organization
from alerts.fallbacks.changes import secret_of
from alerts.models import Fallback
from channels_app.models import NotificationChannel
from tests.factories import OrganizationFactory, make_bot, make_channel

pytestmark = pytest.mark.django_db

SECRET = "sign-with-this-0123456789"
OTHER = "sign-with-that-0123456789"
WEBHOOK = """
- name: a
  kind: webhook
  url: {env: HOOK_URL}
  secret: {env: HOOK_SECRET}
"""


@pytest.fixture
def organization(monkeypatch: pytest.MonkeyPatch) -> Organization:
    """With the channels a, b, c, d."""
    monkeypatch.setenv("HOOK_URL", "https://hook.example.org/s3cr3t-path")
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    row = OrganizationFactory.create(name="Acme", slug="acme")
    bot = make_bot(row)
    for name in "abcd":
        make_channel(bot, name=name)
    return row


def provisioned(monkeypatch: pytest.MonkeyPatch, fallbacks: str, *arguments: str) -> list[str]:
    text = f"version: 1\nfallbacks:\n{fallbacks}"
    monkeypatch.setattr("sys.stdin", StringIO(text))
    out = StringIO()
    call_command("provision", "acme", "-f", "-", *arguments, stdout=out)
    return out.getvalue().splitlines()


def of(name: str) -> Fallback:
    return Fallback.objects.select_related("channel", "target").get(channel__name=name)


def links() -> dict[str, str]:
    rows = Fallback.objects.filter(target__isnull=False)
    return dict(rows.values_list("channel__name", "target__name"))


def test_each_kind_is_made_changed_and_left_alone(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "- {name: a, addresses: [x@example.org, y@example.org], threshold: high, minutes: 3}\n"
        "- {name: b, kind: channel, target: c, enabled: false}\n"
        + WEBHOOK.replace("name: a", "name: c")
    )
    made = provisioned(monkeypatch, text)
    assert [line for line in made if not line.startswith(" ")] == [
        *("+ fallback a", "+ fallback c", "+ fallback b")
    ]
    assert (of("a").kind, of("a").addresses) == ("email", ["x@example.org", "y@example.org"])
    assert (of("a").threshold, of("a").minutes, of("b").enabled) == ("high", 3, False)
    assert links() == {"b": "c"}
    assert (of("c").url, secret_of(of("c"))) == ("https://hook.example.org/s3cr3t-path", SECRET)
    entries = AuditEntry.objects.count()
    assert provisioned(monkeypatch, text) == ["Nothing to do."]
    assert AuditEntry.objects.count() == entries

    assert provisioned(monkeypatch, "- {name: a, kind: channel, target: d}", "--dry-run") == [
        "~ fallback a",
        "    kind: email -> channel",
        "    target: nothing -> d",
        "This was a dry run: nothing was changed.",
    ]
    assert of("a").kind == "email"
    provisioned(monkeypatch, "- {name: a, kind: channel, target: d}")
    assert (of("a").kind, of("a").addresses, of("a").minutes) == ("channel", [], 3)
    assert provisioned(monkeypatch, "- {name: a, enabled: false}") == [
        *("~ fallback a", "    enabled: true -> false")
    ]


def test_what_was_made_by_hand_is_exported_and_provisioned_without_a_change(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned(
        monkeypatch,
        WEBHOOK + "- {name: b, kind: channel, target: a}\n- {name: c, addresses: [x@example.org]}",
    )
    out = StringIO()
    call_command("export_settings", "acme", stdout=out)
    text = out.getvalue()
    assert SECRET not in text
    assert "hook.example.org" not in text
    monkeypatch.setenv("FALLBACK_A_URL", "https://hook.example.org/s3cr3t-path")
    monkeypatch.setenv("FALLBACK_A_SECRET", SECRET)
    provisioned_part = text[text.index("fallbacks:\n") + len("fallbacks:\n") :]
    provisioned_part = provisioned_part.partition("organization:")[0]
    assert provisioned(monkeypatch, provisioned_part) == ["Nothing to do."]
    Fallback.objects.all().delete()
    assert len(provisioned(monkeypatch, provisioned_part)) > 3
    again = StringIO()
    call_command("export_settings", "acme", stdout=again)
    assert again.getvalue() == text


def test_another_secret_or_address_is_told_without_being_shown(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned(monkeypatch, WEBHOOK)
    monkeypatch.setenv("HOOK_SECRET", OTHER)
    assert provisioned(monkeypatch, WEBHOOK) == ["~ fallback a", "    secret: •••• -> ••••"]
    assert secret_of(of("a")) == OTHER
    monkeypatch.setenv("HOOK_URL", "https://other.example.org/")
    assert provisioned(monkeypatch, WEBHOOK) == ["~ fallback a", "    url: •••• -> ••••"]
    assert (of("a").url, secret_of(of("a"))) == ("https://other.example.org/", OTHER)
    plain = '- {name: a, url: "https://other.example.org/"}'
    assert provisioned(monkeypatch, plain) == ["Nothing to do."]
    told = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert SECRET not in told
    assert OTHER not in told
    assert "other.example.org" not in told


def test_those_that_change_places_are_never_refused_for_what_they_lose(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = [("a", "b"), ("b", "c"), ("c", "d")]

    def file(pairs: list[tuple[str, str]]) -> str:
        return "\n".join(f"- {{name: {x}, kind: channel, target: {y}}}" for x, y in pairs)

    provisioned(monkeypatch, file(chain))
    turned = [(y, x) for x, y in chain]
    provisioned(monkeypatch, file(turned), "--prune", "fallbacks")
    assert links() == dict(turned)
    assert provisioned(monkeypatch, file(turned), "--prune", "fallbacks") == ["Nothing to do."]
    provisioned(monkeypatch, file([("a", "d"), ("d", "c")]), "--prune", "fallbacks")
    assert links() == {"a": "d", "d": "c"}


def test_a_channel_that_goes_takes_its_fallback_along(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned(monkeypatch, "- {name: a, addresses: [x@example.org]}")
    monkeypatch.setattr("sys.stdin", StringIO("version: 1\nchannels: [{name: b}]"))
    call_command(
        *("provision", "acme", "-f", "-", "--prune", "channels", "--prune", "fallbacks"),
        stdout=StringIO(),
    )
    assert [one.name for one in NotificationChannel.objects.all()] == ["b"]
    assert not Fallback.objects.exists()


@pytest.mark.parametrize(
    ("fallbacks", "message"),
    [
        ("- {name: nowhere}", r"fallbacks\[0\]\.name, line 3: There is no channel .* 'nowhere'"),
        ("- {name: a}", r"\.addresses, line 3: Give at least one e-mail address"),
        ("- {name: a, addresses: [nobody]}", r"\.addresses, line 3: 'nobody' is no e-mail address"),
        ("- {name: a, kind: pigeon}", r"\.kind, line 3: Use one of channel, email, webhook"),
        ("- {name: a, kind: channel}", r"\.target, line 3: Choose the channel"),
        ("- {name: a, kind: channel, target: x}", r"\.target, line 3: There is no channel .* 'x'"),
        ("- {name: a, kind: channel, target: a}", r"\.target, line 3: a leads back to a"),
        (
            "- {name: a, kind: channel, target: b}\n- {name: b, kind: channel, target: a}",
            r"fallbacks\[\d\]\.target, line \d: . leads back to",
        ),
        (
            "- {name: a, kind: webhook, url: 'https://b.example.org'}",
            r"\.secret, line 3: Say where",
        ),
        (
            "- {name: a, kind: webhook, url: 'ftp://b', secret: {env: HOOK_SECRET}}",
            r"\.url, line 3: .*Give an address such as https",
        ),
        (
            "- {name: a, kind: webhook, url: ' https://b.example.org', secret: {env: HOOK_SECRET}}",
            r"\.url, line 3: ",
        ),
        (
            "- {name: a, kind: webhook, url: 'https://b.example.org', secret: {env: SHORT}}",
            r"\.secret, line 3: Give 16 to 200 printable",
        ),
        (
            "- {name: a, addresses: [x@example.org], target: b}",
            r"\.target, line 3: Only a fallback of the kind channel has this",
        ),
        (
            "- {name: a, addresses: [x@example.org], secret: {env: HOOK_SECRET}}",
            r"\.secret, line 3: Only a fallback of the kind webhook has this",
        ),
        ("- {name: a, addresses: [x@example.org], minutes: 0}", r"\.minutes, line 3: 0 is not"),
        ("- {name: a, addresses: [x@example.org], threshold: x}", r"\.threshold, line 3: Use one"),
    ],
)
def test_refused_with_its_place_and_nothing_is_done(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, fallbacks: str, message: str
) -> None:
    monkeypatch.setenv("SHORT", "short")
    with pytest.raises(CommandError, match=message):
        provisioned(monkeypatch, f"{fallbacks}\n- {{name: d, addresses: [z@example.org]}}")
    assert not Fallback.objects.exists()


def test_another_organizations_channel_cannot_be_named(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel(make_bot(OrganizationFactory.create()), name="theirs")
    for text in (
        "- {name: theirs, addresses: [x@example.org]}",
        "- {name: a, kind: channel, target: theirs}",
    ):
        with pytest.raises(CommandError, match=r"There is no channel .* 'theirs'"):
            provisioned(monkeypatch, text)
