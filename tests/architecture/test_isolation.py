"""No organization reads, writes or infers another's data, whatever URL it asks and however."""

import json
from typing import Any, cast

import pytest
from django.test import Client, override_settings
from django.urls import path
from rest_framework import serializers, viewsets

from accounts.api_keys import create_key
from accounts.audit import COMMAND_LINE
from accounts.console import site
from accounts.membership import add_member
from accounts.models import Organization, OrganizationOwned, Role, new_id
from alerts.models import Alert
from channels_app.loans import lend_bot
from channels_app.models import Bot, Chat, NotificationChannel
from config.urls import urlpatterns as real_urlpatterns
from tests.architecture.isolation import (
    METHODS,
    Route,
    Stranger,
    fingerprint,
    leaks,
    routes,
    unregistered,
)
from tests.architecture.population import SHARED, Rows, first_party_models, populate
from tests.factories import make_membership, make_user

MARK = "Victim7F3A"
pytestmark = pytest.mark.django_db


class Scene:
    """A victim with one row of everything, and a stranger who owns another organization."""

    def __init__(self) -> None:
        self.victim, self.rows = populate(MARK)
        membership = make_membership(user=make_user(email="charlie@example.com"))
        self.own = membership.organization
        session = Client(raise_request_exception=False)
        session.force_login(membership.user)
        _, key = create_key(COMMAND_LINE, Role.OWNER, self.own, "all rights", Role.OWNER)
        self.stranger = Stranger(session, key)

    def try_all(self, found: Route) -> list[str]:
        """Ask one URL in every way; what went wrong."""
        faults = []
        url = found.url(self.rows)
        before = fingerprint(self.victim.pk)
        for method in METHODS:
            response = self.ask(found, method, url)
            where = f"{method} {url} → {response.status_code}"
            asked = url + json.dumps(self.body())
            faults += [f"{where} shows {leak}" for leak in leaks(response, MARK, self.rows, asked)]
            if response.status_code >= 500:
                faults.append(f"{where} is a defect")
            if response.status_code == 429:
                faults.append(f"{where} was not tried")
            if found.arguments and self.told_apart(found, method, url, response):
                faults.append(f"{where}, which an ID that doesn't exist would not get")
            if fingerprint(self.victim.pk) != before:
                faults.append(f"{where} changed the victim's rows")
                before = fingerprint(self.victim.pk)
        return faults

    def told_apart(self, found: Route, method: str, url: str, response: Any) -> bool:
        """Whether the answer differs from that to an ID that nobody has."""
        assert found.model is not None
        foreign, nobodys = str(self.rows[found.model].pk), str(new_id())
        other = self.ask(found, method, url.replace(foreign, nobodys))
        if other.status_code != response.status_code:
            return True
        if not found.rest:
            return False  # pages hold CSRF tokens; their status and the mark say enough
        return bool(other.content.decode().replace(nobodys, foreign) != response.content.decode())

    def ask(self, found: Route, method: str, url: str) -> Any:
        """With a body that names the victim's rows in every field that the URL takes."""
        body = self.body()
        response = self.stranger.ask(found, method, url, body)
        if found.rest and response.status_code == 400:
            errors = response.json().get("errors", [])
            refused = [
                e["pointer"].strip("/") for e in errors if e.get("code") in ("unknown", "read_only")
            ]
            known = {name: value for name, value in body.items() if name not in refused}
            if refused:
                response = self.stranger.ask(found, method, url, known)
        return response

    def body(self) -> dict[str, Any]:
        """A body that names the victim's rows wherever a body can name one."""
        ids = {model: str(row.pk) for model, row in self.rows.items()}
        return {
            "name": "mine",
            "email": "charlie2@example.com",
            "role": "viewer",
            "bot": ids[Bot],
            "bot_id": ids[Bot],
            "chat": ids[Chat],
            "chat_id": "12345",
            "channel": ids[NotificationChannel],
            "channels": [ids[NotificationChannel]],
            "grantee": ids[Organization],
            "borrower": ids[Organization],
            "organization": ids[Organization],
            "text": "hello",
            "action": "delete_selected",
            "_selected_action": list(ids.values()),
            "post": "yes",
        }


@pytest.fixture
def scene(db: None, settings: Any) -> Scene:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    return Scene()


def test_every_model_is_owned_or_exempted_by_name() -> None:
    models = first_party_models()
    unknown = {m._meta.label for m in models if not issubclass(m, OrganizationOwned)} - set(SHARED)
    assert unknown == set(), "say in population.SHARED why these are nobody's"
    assert set(SHARED) <= {m._meta.label for m in models}


def test_there_is_a_row_of_every_owned_model(scene: Scene) -> None:
    owned = {model for model in first_party_models() if issubclass(model, OrganizationOwned)}
    assert owned <= set(scene.rows)


def test_every_url_is_known_to_this_suite(scene: Scene) -> None:
    found = list(routes())
    assert len(found) > 50
    assert [line for line in (unregistered(one, scene.rows) for one in found) if line] == []


@pytest.mark.timeout(900)
def test_a_stranger_learns_and_changes_nothing_at_any_url(scene: Scene) -> None:
    faults = []
    for found in routes():
        if found.model is not None and unregistered(found, scene.rows) is None:
            faults += scene.try_all(found)
    assert faults == []


def test_the_victim_itself_sees_its_rows(scene: Scene) -> None:
    """The walk above proves something only if the same requests show rows to their owner."""
    _, key = create_key(COMMAND_LINE, Role.OWNER, scene.victim, "own", Role.OWNER)
    shown = 0
    for found in routes():
        if found.rest and found.arguments == ("pk",) and found.name.endswith("-detail"):
            response = Client().get(
                found.url(scene.rows), headers={"Authorization": f"Bearer {key}"}
            )
            assert response.status_code == 200, found.path
            shown += 1
    assert shown >= 12


@pytest.mark.parametrize(
    ("collection", "parameter", "model"),
    [
        ("deliveries", "channel", NotificationChannel),
        ("deliveries", "bot", Bot),
        ("probes", "bot", Bot),
        ("alerts", "label", Alert),
    ],
)
def test_filters_by_a_foreign_row_find_nothing(
    scene: Scene, collection: str, parameter: str, model: type[Any]
) -> None:
    value = f"name={MARK}" if model is Alert else str(scene.rows[model].pk)
    found = Route(f"api/v1/{collection}/", "list", None, True, ())
    url = f"/api/v1/{collection}/?{parameter}={value}"
    response = scene.stranger.ask(found, "GET", url, {})
    if response.status_code == 200:
        assert response.json()["results"] == []
    else:
        assert response.status_code == 400
        unknown = Route(f"api/v1/{collection}/", "list", None, True, ())
        other = scene.stranger.ask(
            unknown, "GET", f"/api/v1/{collection}/?{parameter}={Organization().pk}", {}
        )
        assert other.status_code == 400, "a foreign row must look like one that doesn't exist"


def test_search_finds_nothing_of_others(scene: Scene) -> None:
    for found in routes():
        if found.rest and not found.arguments:
            url = f"/{found.path}?search={MARK}"
            response = scene.stranger.ask(found, "GET", url, {})
            assert leaks(response, MARK, scene.rows, url.split("?")[1]) in ([], [MARK])
            if response.status_code == 200 and "results" in response.json():
                assert response.json()["results"] == []


def test_console_lists_filters_and_popups_show_nothing_of_others(scene: Scene) -> None:
    faults = []
    for model, page in site._registry.items():
        base = f"/{model._meta.app_label}/{model._meta.model_name}/"
        for query in (f"?q={MARK}", "?_popup=1", f"?organization__name={MARK}", "?o=1"):
            response = scene.stranger.session.get(base + query)
            text = response.content.decode().replace(f'value="{MARK}"', "").replace(query, "")
            if MARK in text and "q=" not in query:
                faults.append(base + query)
            if "organization__name" in query and response.status_code == 200:
                faults.append(f"{base}{query} lets one look up by organization")
        assert page is not None
    assert faults == []


def test_autocomplete(scene: Scene) -> None:
    for app, model, field in (
        ("deliveries", "delivery", "channel"),
        ("alerts", "alert", "integration"),
        ("channels_app", "notificationchannel", "chat"),
    ):
        response = scene.stranger.session.get(
            "/autocomplete/",
            {"app_label": app, "model_name": model, "field_name": field, "term": MARK},
        )
        assert response.status_code in (200, 403)
        assert MARK not in response.content.decode()


def test_the_switcher(scene: Scene) -> None:
    scene.stranger.session.post("/organization/switch/", {"organization": str(scene.victim.pk)})
    response = scene.stranger.session.get("/")
    assert MARK not in response.content.decode()


def test_an_ended_membership_counts_from_the_next_request(scene: Scene) -> None:
    member = make_membership(organization=scene.victim)
    client = Client()
    client.force_login(member.user)
    assert MARK in client.get("/alerts/alert/").content.decode()
    member.delete()
    response = client.get("/alerts/alert/")
    assert MARK not in response.content.decode()


def test_whoever_borrows_a_bot_learns_nothing_of_its_owners_network(scene: Scene) -> None:
    bot = cast("Bot", scene.rows[Bot])
    Bot.objects.filter(pk=bot.pk).update(
        api_url="https://telegram.inside.example", proxy_encrypted="sealed"
    )
    bot.refresh_from_db()
    lend_bot(COMMAND_LINE, bot, scene.own)
    found = Route("api/v1/bots/", "list", Bot, True, ())
    one = scene.stranger.ask(found, "GET", f"/api/v1/bots/{bot.pk}/", {})
    assert (one.status_code, one.json()["owned"]) == (200, False)
    before = fingerprint(scene.victim.pk)
    for place in (f"/api/v1/bots/{bot.pk}/", "/api/v1/bots/"):
        told = scene.stranger.ask(found, "GET", place, {}).content.decode()
        assert "inside.example" not in told
        assert '"has_proxy":true' not in told
    for place in ("change/", "history/"):
        page = scene.stranger.session.get(f"/channels_app/bot/{bot.pk}/{place}", follow=True)
        assert "inside.example" not in page.content.decode()
    for method in ("PATCH", "DELETE"):
        body = {"api_url": "https://evil.example"} if method == "PATCH" else {}
        answer = scene.stranger.ask(found, method, f"/api/v1/bots/{bot.pk}/", body)
        assert answer.status_code == 404
    for place in ("change/", "delete/", "press/check/"):
        form = {"name": "mine", "api_url": "https://evil.example", "post": "yes"}
        answer = scene.stranger.session.post(f"/channels_app/bot/{bot.pk}/{place}", form)
        assert answer.status_code == 403
    assert fingerprint(scene.victim.pk) == before


def test_a_membership_of_ones_own_opens_nobodys_account(scene: Scene) -> None:
    """Inviting an address that the victim invited first gives no link to that account."""
    invited = add_member(COMMAND_LINE, Role.OWNER, scene.victim, "new@example.com", Role.ADMIN)
    own = add_member(COMMAND_LINE, Role.OWNER, scene.own, "new@example.com", Role.VIEWER)
    for row in (own, invited):
        page = scene.stranger.session.get(
            f"/accounts/membership/{row.pk}/sign_in_link/", follow=True
        )
        assert "/password/reset/" not in page.content.decode()


# --- The planted leak -------------------------------------------------------------------
class LeakySerializer(serializers.ModelSerializer[Alert]):
    class Meta:
        model = Alert
        fields = ("id", "name")


class LeakyViewSet(viewsets.ModelViewSet[Alert]):
    """Forgets whose rows it shows."""

    model = Alert
    queryset = Alert.objects.all()
    serializer_class = LeakySerializer


class LeakyUrls:
    urlpatterns = [
        path("api/v1/leak/", LeakyViewSet.as_view({"get": "list"}), name="leak-list"),
        path(
            "api/v1/leak/<uuid:pk>/",
            LeakyViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
            name="leak-detail",
        ),
        path("strange/<uuid:pk>/", LeakyViewSet.as_view({"get": "retrieve"}), name="strange"),
        *real_urlpatterns,
    ]


@override_settings(ROOT_URLCONF=LeakyUrls)
def test_a_planted_leak_is_caught(scene: Scene) -> None:
    by_name = {found.name: found for found in routes()}
    listed = scene.try_all(by_name["leak-list"])
    detail = scene.try_all(by_name["leak-detail"])
    assert any("GET" in fault and MARK in fault for fault in listed)
    assert any("an ID that doesn't exist" in fault for fault in detail)
    assert any("PATCH" in fault and "changed the victim's rows" in fault for fault in detail)


def test_a_planted_url_without_registration_is_caught(scene: Scene) -> None:
    planted = Route("somewhere/<id>/", "somewhere", None, False, ("id",))
    assert unregistered(planted, scene.rows)
    nobodys: Rows = {}
    assert unregistered(Route("x/<pk>/", "x", Alert, True, ("pk",)), nobodys)
