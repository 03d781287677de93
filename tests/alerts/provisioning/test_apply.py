"""`manage.py provision`, `export_settings` and `import_alertmanager`, against the database."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Organization
from alerts.models import InhibitRule, Integration, MuteTiming, Route, Upstream
from alerts.routes import default_route
from alerts.upstreams.changes import secret_of
from channels_app.bots import token_of
from channels_app.models import Bot, NotificationChannel
from deliveries.models import Probe
from tests.alerts.provisioning import test_from_alertmanager
from tests.factories import OrganizationFactory, make_bot, make_channel

pytestmark = pytest.mark.django_db

TOKEN = "123456:" + "A" * 35
OTHER = "123456:" + "B" * 34 + "A"
SIGNED = "tfs_of-the-file-0123456789"
FILE = """
version: 1
organization: {timezone: Europe/Berlin, language: de, severity_map: {values: {P1: critical}}}
bots:
- {name: ops, token: {env: OPS_TOKEN}}
channels:
- {name: on call, bot: ops, chat_id: -1001234567890, silent: always}
- {name: news, bot: ops, chat_id: "@news", renotify_interval: 2m}
integrations:
- name: prometheus
  kind: alertmanager
  ignored_labels: [replica]
  resolve_timeout: 5h
  signature_secret: {file: @@}
mute_timings:
- name: nights
  intervals: [{times: [{start_time: 22:00, end_time: 24:00}]}]
inhibit_rules:
- name: grave
  source_matchers: severity="critical"
  target_matchers: severity="warning"
  equal: [dc]
templates:
- {name: short, parse_mode: HTML, body: "<b>Alert</b> {{ title }}", channels: [news]}
escalations:
- name: nobody came
  threshold: critical
  steps: [{after: 10, channels: [news]}, {after: 30, channels: [news, on call]}]
heartbeats:
- {name: backup, cron: "0 3 * * *", timezone: Europe/Berlin, grace: 1h, labels: {team: db}}
- {name: watchdog, period: 5m, integration: prometheus, matchers: alertname="Watchdog"}
upstreams:
- {name: prometheus, url: "http://alertmanager.example.org:9093", secret: {env: AM_SECRET}}
fallbacks:
- {name: on call, kind: channel, target: news, minutes: 10}
- name: news
  kind: webhook
  threshold: high
  url: https://hook.example.org/h
  secret: {env: HOOK_SECRET}
routes:
- name: Critical
  template: short
  escalation: nobody came
  matchers: severity="critical"
  integrations: [prometheus]
  channels: [on call]
  continue: true
  group_by: ['...']
  mute_timings: [nights]
  choose_by: team
  choices: {web: news}
  sound: {warning: silent}
- {name: News, matchers: team="news", channels: [news], group_wait: 10s, active_timings: [nights]}
default_route: {channels: [on call], repeat_interval: 1h}
"""


@pytest.fixture
def organization(monkeypatch: pytest.MonkeyPatch) -> Organization:
    monkeypatch.setenv("OPS_TOKEN", TOKEN)
    monkeypatch.setenv("AM_SECRET", "hidden")
    monkeypatch.setenv("HOOK_SECRET", SIGNED)
    return OrganizationFactory.create(name="Acme", slug="acme")


def provisioned(folder: Path, text: str = FILE, *arguments: str) -> list[str]:
    (folder / "secret").write_text("signed\n")
    path = folder / "tocsin.yml"
    path.write_text(text.replace("@@", str(folder / "secret")))
    out = StringIO()
    call_command("provision", "acme", "-f", str(path), *arguments, stdout=out)
    return out.getvalue().splitlines()


def exported() -> str:
    out = StringIO()
    call_command("export_settings", "acme", stdout=out)
    return out.getvalue()


MAPPED = """
version: 1
integrations:
- name: zabbix
  kind: mapped
  mapping:
    rules:
      title: {expression: event}
      status: {expression: state, values: {0: resolved, "*": firing}}
"""


def test_mappings_of_any_json(tmp_path: Path, organization: Organization) -> None:
    provisioned(tmp_path, MAPPED)
    row = Integration.objects.get(name="zabbix")
    assert row.mapping is not None
    assert row.mapping["rules"]["status"]["values"] == {"0": "resolved", "*": "firing"}
    assert provisioned(tmp_path, MAPPED) == ["Nothing to do."]
    assert provisioned(tmp_path, exported()) == ["Nothing to do."]
    with pytest.raises(CommandError, match=r"title: \. is not expected here \(character 3\)"):
        provisioned(tmp_path, MAPPED.replace("expression: event", "expression: a..b"))
    provisioned(tmp_path, "version: 1\nintegrations:\n- {name: zabbix, mapping: null}\n")
    row.refresh_from_db()
    assert row.mapping is None


def counts() -> list[int]:
    """What there is; the integration that heartbeats make does not count."""
    models = (Bot, NotificationChannel, Integration, MuteTiming, InhibitRule, Route)
    found = [model._default_manager.count() for model in models]
    found[2] -= Integration.objects.filter(kind="heartbeat").count()
    return found


def test_everything_is_made_and_the_second_time_nothing(
    organization: Organization, tmp_path: Path
) -> None:
    lines = provisioned(tmp_path)
    assert [line for line in lines if not line.startswith(" ")] == [
        "~ organization",
        "+ bot ops",
        "+ channel on call",
        "+ channel news",
        "+ integration prometheus",
        "+ mute timing nights",
        "+ inhibit rule grave",
        "+ template short",
        "+ escalation policy nobody came",
        "+ route Critical",
        "+ route News",
        "~ default route",
        "+ heartbeat backup",
        "+ heartbeat watchdog",
        "+ upstream prometheus",
        "+ fallback news",
        "+ fallback on call",
    ]
    assert "    token: ••••" in lines
    assert "    repeat_interval: 4h -> 1h" in lines
    assert counts() == [1, 2, 1, 1, 1, 3]
    assert token_of(Bot.objects.get()) == TOKEN
    assert Probe.objects.count() == 3
    critical, news = Route.objects.filter(is_default=False)
    assert (critical.name, critical.continue_matching, critical.group_by) == (
        "Critical",
        True,
        ["..."],
    )
    assert [str(one) for one in critical.choices.all()] == ["web → news"]
    assert (critical.choose_by, critical.sound) == ("team", {"warning": "silent"})
    assert [str(one) for one in critical.mute_timings.all()] == ["nights"]
    assert critical.template is not None
    assert [one.channel.name for one in critical.template.channel_choices.all()] == ["news"]
    assert critical.escalation is not None
    assert [one.after for one in critical.escalation.steps.all()] == [10, 30]
    assert secret_of(Upstream.objects.get()) == "hidden"
    assert [str(one) for one in news.active_timings.all()] == ["nights"]
    assert [str(one) for one in default_route(organization).channels.all()] == ["on call"]
    organization.refresh_from_db()
    assert (organization.timezone, organization.language) == ("Europe/Berlin", "de")
    assert organization.severity_map == {"values": {"P1": "critical"}}
    entries = AuditEntry.objects.count()
    assert provisioned(tmp_path) == ["Nothing to do."]
    assert (AuditEntry.objects.count(), Probe.objects.count()) == (entries, 3)


def test_a_dry_run_says_the_same_and_changes_nothing(
    organization: Organization, tmp_path: Path
) -> None:
    default_route(organization)
    lines = provisioned(tmp_path, FILE, "--dry-run")
    assert lines[-1] == "This was a dry run: nothing was changed."
    assert counts() == [0, 0, 0, 0, 0, 1]
    assert not AuditEntry.objects.exists()
    assert lines[:-1] == provisioned(tmp_path)


def test_only_what_differs_is_changed(organization: Organization, tmp_path: Path) -> None:
    provisioned(tmp_path)
    changed = FILE.replace("silent: always", "silent: never").replace(
        "- {name: News,", "- {name: New,"
    )
    assert provisioned(tmp_path, changed)[:4] == [
        "~ channel on call",
        "    silent: always -> never",
        "+ route New",
        '    matchers: [team="news"]',
    ]
    assert counts()[-1] == 4


def test_a_new_token_of_the_same_bot(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned(tmp_path)
    monkeypatch.setenv("OPS_TOKEN", OTHER)
    assert provisioned(tmp_path) == ["~ bot ops", "    token: •••• -> ••••"]
    assert token_of(Bot.objects.get()) == OTHER


def test_an_optional_secret_is_dropped_by_null(organization: Organization, tmp_path: Path) -> None:
    provisioned(tmp_path)
    text = """
version: 1
bots: [{name: ops, token: {env: OPS_TOKEN}, proxy: null}]
integrations: [{name: prometheus, signature_secret: null}]
upstreams: [{name: prometheus, secret: null}]
"""
    assert provisioned(tmp_path, text) == [
        *("~ integration prometheus", "    signature_secret: •••• -> nothing"),
        *("~ upstream prometheus", "    secret: •••• -> nothing"),
    ]
    assert secret_of(Upstream.objects.get()) == ""
    assert provisioned(tmp_path, text) == ["Nothing to do."]
    for secret in ("bots: [{name: ops, token: null}]", "fallbacks: [{name: news, secret: null}]"):
        with pytest.raises(CommandError, match="Say where it is to be read"):
            provisioned(tmp_path, f"version: 1\n{secret}")


@pytest.mark.parametrize(
    "text",
    [
        "upstreams: [{name: prometheus, url: 'http://alertmanager.example.org:9093/'}]",
        'heartbeats: [{name: backup, cron: " 0  3 * * *", grace: 60m}]',
        "default_route: {repeat_interval: 60m}",
        "inhibit_rules: [{name: grave, equal: [dc, dc]}]",
        (
            "escalations: [{name: nobody came, steps: [{after: 30, channels: [news, on call]}, "
            "{after: 10, channels: [news]}]}]"
        ),
        "fallbacks: [{name: on call, target: news, addresses: [], minutes: 10}]",
    ],
)
def test_other_words_for_the_same_are_no_change(
    organization: Organization, tmp_path: Path, text: str
) -> None:
    provisioned(tmp_path)
    assert provisioned(tmp_path, f"version: 1\n{text}") == ["Nothing to do."]


def test_order_and_pruning(organization: Organization, tmp_path: Path) -> None:
    provisioned(tmp_path)
    news = 'version: 1\nroutes: [{name: News, matchers: team="news"}]'
    assert provisioned(tmp_path, news) == ["~ order of routes: News, Critical"]
    assert [one.name for one in Route.objects.filter(is_default=False)] == ["News", "Critical"]
    assert provisioned(tmp_path, news, "--prune", "routes") == ["- route Critical"]
    assert counts() == [1, 2, 1, 1, 1, 2]


def test_what_is_exported_can_be_provisioned(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned(tmp_path)
    text = exported()
    assert TOKEN not in text
    assert "signed" not in text
    assert SIGNED not in text
    assert "hook.example.org" not in text, "an address may hold a secret"
    monkeypatch.setenv("BOT_OPS_TOKEN", TOKEN)
    monkeypatch.setenv("INTEGRATION_PROMETHEUS_SIGNATURE_SECRET", "signed")
    monkeypatch.setenv("UPSTREAM_PROMETHEUS_SECRET", "hidden")
    monkeypatch.setenv("FALLBACK_NEWS_URL", "https://hook.example.org/h")
    monkeypatch.setenv("FALLBACK_NEWS_SECRET", SIGNED)
    assert provisioned(tmp_path, text) == ["Nothing to do."]
    organization.delete()
    OrganizationFactory.create(slug="acme")
    provisioned(tmp_path, text)
    assert exported() == text


def test_another_organizations_things_cannot_be_named(
    organization: Organization, tmp_path: Path
) -> None:
    make_channel(make_bot(OrganizationFactory.create()), name="Theirs")
    with pytest.raises(CommandError, match=r"routes\[0\]\.channels.*no channel .* 'Theirs'"):
        provisioned(tmp_path, "version: 1\nroutes: [{name: a, channels: [Theirs]}]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nbots: [{name: a, token: {env: NOWHERE}}]", r"bots\[0\]\.token.*no NOWHERE"),
        ("version: 1\nbots: [{name: a, token: {file: /nowhere}}]", "/nowhere cannot be read"),
        ("version: 1\nbots: [{name: a}]", "Say where the token"),
        ("version: 1\nbots: [{name: a, token: {env: PATH}}]", r"bots\[0\]\.token, line 2"),
        ("version: 1\nchannels: [{name: a}]", "A new channel needs a bot and a chat_id"),
        ("version: 1\nchannels: [{name: a, bot: b, chat_id: 1}]", "There is no bot .* 'b'"),
        ("version: 1\nintegrations: [{name: a, kind: nagios}]", r"\.kind, line 2.*'nagios'"),
        ("version: 1\nroutes: [{name: a, mute_timings: [x]}]", "no mute timing .* 'x'"),
        ("version: 1\nroutes: [{name: a, template: x}]", "no template .* 'x'"),
        ("version: 1\nroutes: [{name: a, escalation: x}]", "no escalation policy .* 'x'"),
        ("version: 1\ntemplates: [{name: a, body: '{{ x'}]", r"templates\[0\]\.body, line 2"),
        ("version: 1\nescalations: [{name: a, steps: []}]", r"escalations\[0\]\.steps.*1 to 5"),
        ("version: 1\nheartbeats: [{name: a}]", r"heartbeats\[0\]\.period.*one of the two"),
        ("version: 1\nheartbeats: [{name: a, cron: x}]", r"heartbeats\[0\]\.cron"),
        ("version: 1\norganization: {timezone: Mars}", r"organization\.timezone, line 2.*'Mars'"),
        ("version: 1\nupstreams: [{name: a, url: 'http://b'}]", "no integration .* 'a'"),
        (
            "version: 1\nroutes: [{name: a, choose_by: b, choices: {c: x}}]",
            r"routes\[0\]\.choices.*no channel .* 'x'",
        ),
    ],
)
def test_refused_with_its_place_and_nothing_is_done(
    organization: Organization, tmp_path: Path, text: str, message: str
) -> None:
    default_route(organization)
    with pytest.raises(CommandError, match=message):
        provisioned(tmp_path, f"{text}\nmute_timings: [{{name: m, intervals: [{{}}]}}]")
    assert counts() == [0, 0, 0, 0, 0, 1]


def test_a_name_of_several_is_refused(organization: Organization, tmp_path: Path) -> None:
    for _ in range(2):
        Route.objects.create(organization=organization, name="Twice")
    with pytest.raises(CommandError, match=r"routes\[0\]\.name, line 2: There are several"):
        provisioned(tmp_path, "version: 1\nroutes: [{name: Twice, enabled: false}]")


def test_alertmanagers_configuration(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alertmanager.yml"
    token_file = tmp_path / "bot"
    token_file.write_text("777888:" + "C" * 34 + "A")
    text = test_from_alertmanager.FULL.replace("123:abc", TOKEN)
    path.write_text(text.replace("/run/secrets/bot", str(token_file)))
    out, report = StringIO(), StringIO()
    call_command("import_alertmanager", str(path), stdout=out, stderr=report)
    assert "receivers[2].email_configs (line" in report.getvalue()
    assert counts() == [0] * 6
    call_command("import_alertmanager", str(path), "--into", "acme", stdout=StringIO())
    assert counts() == [2, 3, 0, 1, 1, 4]
    monkeypatch.setenv("BOT_123456_TOKEN", TOKEN)
    assert provisioned(tmp_path, out.getvalue()) == ["Nothing to do."]


REFUSED = """
global: {telegram_api_url: %(shared_url)s, telegram_bot_token: %(shared)s}
route: {receiver: a, routes: [{receiver: b, match: {team: %(team)s}}]}
receivers:
- name: a
  telegram_configs: [{chat_id: -1001, %(own)s}]
- name: b
  telegram_configs: [{chat_id: -1002}]
inhibit_rules: [{source_match: {a: %(team)s}, target_matchers: [a="2"]}]
"""


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"own": "bot_token: nonsense"}, "receivers[0].telegram_configs[0].bot_token, line 6"),
        ({"own": "bot_token_file: /gone"}, "receivers[0].telegram_configs[0].bot_token_file, line"),
        ({"own": "api_url: nonsense"}, "receivers[0].telegram_configs[0].api_url, line 6"),
        ({"shared": "nonsense"}, "global.telegram_bot_token, line 2"),
        ({"shared_url": "nonsense"}, "global.telegram_api_url, line 2"),
        (
            {"own": "chat_id_file: /gone", "id": ""},
            "receivers[0].telegram_configs[0].chat_id_file, line 6: /gone cannot be read",
        ),
        (
            {"own": "chat_id_file: @@", "id": ""},
            "receivers[0].telegram_configs[0].chat_id_file, line 6: 'no chat'",
        ),
    ],
)
def test_what_an_alertmanagers_file_gets_wrong_is_told_by_its_own_names(
    given: dict[str, str], place: str, organization: Organization, tmp_path: Path
) -> None:
    (tmp_path / "chat").write_text("no chat")
    values = {"shared_url": '""', "shared": TOKEN, "team": "x", "own": "", **given}
    text = (REFUSED % values).replace("@@", str(tmp_path / "chat"))
    if "id" in given:
        text = text.replace("chat_id: -1001, ", "")
    path = tmp_path / "alertmanager.yml"
    path.write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("import_alertmanager", str(path), "--into", "acme", stderr=StringIO())
    assert str(refused.value).startswith(place)
    assert counts() == [0] * 6


def test_a_chat_whose_id_stands_elsewhere(
    organization: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
version: 1
bots: [{name: ops, token: {env: OPS_TOKEN}}]
channels:
- {name: on call, bot: ops, chat_id: {env: ON_CALL_CHAT}}
"""
    with pytest.raises(CommandError, match=r"channels\[0\]\.chat_id, line 5: The environment has"):
        provisioned(tmp_path, text)
    monkeypatch.setenv("ON_CALL_CHAT", "-42")
    assert "    chat_id: -42" in provisioned(tmp_path, text)
    assert provisioned(tmp_path, text) == ["Nothing to do."]
    with pytest.raises(CommandError, match=r"channels\[0\]\.chat_id, line 5: Say {env: NAME}"):
        provisioned(tmp_path, text.replace("{env: ON_CALL_CHAT}", "{}"))
