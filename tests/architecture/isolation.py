"""A stranger walks every URL of the installation with IDs that are not theirs.

The stranger is the owner of another organization: signed in at the console, or with an API key of
every right. Whatever they ask, they learn and change nothing: no answer holds the victim's mark or
IDs, and every row of the victim is afterwards as it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Organization
from tests.architecture.population import Rows, first_party_models

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

NO_TENANT_DATA = {
    "healthz": "says ok",
    "readyz": "says whether the database answers",
    "metrics": "figures of the whole installation, without names",
    "schema": "the OpenAPI document",
    "docs": "the page that shows it",
    "api-unknown": "says that there is no such resource",
    "hook": "takes alerts by key; see tests/alerts/test_webhooks.py",
    "hook-with-key": "as above",
    "hook-for-prometheus": "as above",
    "am-groups": "by key; see tests/alerts/test_alertmanager_api.py",
    "am-status": "as above",
    "am-receivers": "as above",
    "am-silences": "as above",
    "am-silence": "as above",
    "am-unknown": "as above",
    "hook-unknown": "says that there is no such path",
    "am-well": "as above",
    "am-build": "as above",
    "heartbeat-ping": "takes pings by key; see tests/alerts/heartbeats/test_pings.py",
    "heartbeat-says": "as above",
    "telegram-webhook": "by path and secret; see tests/chatops/receiving/test_webhooks.py",
    "telegram-unknown": "says that there is no such path",
    "run-report": "by a run's token; see tests/chatops/actions/test_reports.py",
    "run-unknown": "says that there is no such path",
    "index": "the overview",
    "login": "sign-in",
    "logout": "sign-out",
    "password_change": "one's own",
    "password_change_done": "one's own",
    "nothing_here": "the console's 404 page",
    "autocomplete": "walked by test_autocomplete",
    "jsi18n": "words",
    "view_on_site": "every page has view_on_site off",
    "app_list": "names of pages",
    "search": "names of pages",
    "switch_organization": "walked by test_the_switcher",
    "admin_password_reset": "by e-mail",
    "password_reset_done": "by e-mail",
    "password_reset_confirm": "by a signed link",
    "password_reset_complete": "by a signed link",
}
"""URLs that show no tenant's rows, each with the reason. An unknown URL fails the build."""


@dataclass(frozen=True, slots=True)
class Route:
    """One URL pattern of the installation."""

    path: str
    name: str
    model: type[Model] | None
    rest: bool
    arguments: tuple[str, ...]

    def url(self, rows: Rows) -> str:
        """The URL with the victim's ID in every place for one."""
        path = self.path
        row = rows[self.model] if self.model else None
        for argument in self.arguments:
            path = path.replace(f"<{argument}>", str(row.pk) if row else "x")
        return "/" + path


class Unregistered(AssertionError):
    """A URL or model that the isolation suite doesn't know."""


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Every pattern below this resolver, by default all of the installation."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + _template(entry)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield _route(entry, path)


def _template(entry: URLPattern | URLResolver) -> str:
    pattern = entry.pattern
    text = str(pattern)
    if (hasattr(pattern, "regex") and not hasattr(pattern, "converters")) or text.startswith("^"):
        regex = pattern.regex
        for argument in regex.groupindex:
            text = _replace_group(text, argument)
        return text.lstrip("^").rstrip("$").replace(r"\Z", "").replace("/?", "/").replace("\\", "")
    for argument, converter in getattr(pattern, "converters", {}).items():
        for name in ("int", "str", "slug", "uuid", "path"):
            text = text.replace(f"<{name}:{argument}>", f"<{argument}>")
        assert converter is not None
    return text


def _replace_group(text: str, argument: str) -> str:
    start = text.index(f"(?P<{argument}>")
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return f"{text[:start]}<{argument}>{text[position + 1 :]}"
    raise Unregistered(text)


def _route(entry: URLPattern, path: str) -> Route:
    name = entry.name or path.rstrip("/")
    view = getattr(entry.callback, "cls", None)
    arguments = tuple(part.split(">")[0] for part in path.split("<")[1:] if ">" in part)
    model = getattr(view, "model", None)
    rest = model is not None
    if model is None:
        model = _model_of_page(name)
    return Route(path, name, model, rest, arguments)


def _model_of_page(name: str) -> type[Model] | None:
    """Console pages are called <app>_<model>_<page>."""
    for model in first_party_models():
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def unregistered(found: Route, rows: Rows) -> str | None:
    """Why this URL can't be judged, None when it can."""
    if found.model is None:
        if found.name in NO_TENANT_DATA or found.name == "" or _moved_page(found):
            return None
        return f"{found.path} ({found.name}) shows nobody knows whose rows"
    if found.model not in rows:
        return f"{found.path} shows {found.model.__name__}, of which there is no row to try with"
    return None


def _moved_page(found: Route) -> bool:
    """Django's `<app>/<model>/<id>/`, which redirects to the row's page and reads nothing."""
    parts = found.path.split("/")
    return len(parts) == 4 and parts[2] == "<object_id>" and found.name == found.path.rstrip("/")


def fingerprint(organization_id: UUID) -> list[tuple[str, str]]:
    """Every row that the organization owns: its model's label, and its values as text.

    Taken before and after each of a thousand requests, so all of it is one question.
    """
    statement, tables = _owned_rows()
    key = Organization._meta.pk.get_db_prep_value(organization_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [key] * tables)
        return sorted(cursor.fetchall())


@cache
def _owned_rows() -> tuple[str, int]:
    """The statement, and how many tables it asks: those of which an organization owns rows."""
    parts = []
    for model in first_party_models():
        columns = {field.name: field.column for field in model._meta.concrete_fields}
        owner = columns["id"] if model is Organization else columns.get("organization")
        if owner is not None:
            values = " || ', ' || ".join(
                f"COALESCE(CAST(\"{column}\" AS text), '␀')" for column in columns.values()
            )
            parts.append(
                f"SELECT '{model._meta.label}', {values} "
                f'FROM "{model._meta.db_table}" WHERE "{owner}" = %s'
            )
    return " UNION ALL ".join(parts), len(parts)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody of another organization with all rights there."""

    session: Client
    api_key: str

    def ask(self, route: Route, method: str, url: str, body: dict[str, Any]) -> Any:
        """One request, as API key or as signed-in person."""
        if route.rest:
            return self.session.generic(
                method,
                url,
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {self.api_key}"},
            )
        if method == "POST":
            return self.session.post(url, body)
        return self.session.generic(method, url)


def leaks(response: Any, mark: str, rows: Rows, asked: str) -> list[str]:
    """What of the victim is in the answer: their mark, or an ID that the stranger didn't send."""
    text = b"".join(response.streaming_content if response.streaming else [response.content])
    content = text.decode("utf-8", "replace") + json.dumps(dict(response.headers))
    found = [mark] if mark.lower() in content.lower() else []
    found += [
        f"{model.__name__} {row.pk}"
        for model, row in rows.items()
        if str(row.pk) in content and str(row.pk) not in asked
    ]
    return found


def model_named(label: str) -> type[Model]:
    """The model with this label."""
    return apps.get_model(label)
