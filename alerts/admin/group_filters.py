"""By what people did about groups, for the list's filters."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from accounts.console_requests import organization_of
from accounts.models import User
from alerts.models import GroupMessage


class _Choice(admin.SimpleListFilter):
    """One of a few."""

    choices_shown: ClassVar[tuple[tuple[str, str], ...]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All of them."""
        return list(self.choices_shown)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that are so; all for a value that is none."""
        chosen = self.value()
        known = chosen in dict(self.choices_shown)
        return queryset.filter(self.condition(request, str(chosen))) if known else queryset

    def condition(self, request: HttpRequest, chosen: str) -> Q:
        """For this choice."""
        raise NotImplementedError


class AcknowledgedFilter(_Choice):
    """Whether somebody is on what is open."""

    title = "acknowledged"
    parameter_name = "acknowledged"
    choices_shown = (("no", "Nobody is on it"), ("yes", "Acknowledged"))

    def condition(self, request: HttpRequest, chosen: str) -> Q:
        """What is over needs nobody."""
        if chosen == "yes":
            return Q(acknowledged_at__isnull=False)
        return Q(is_open=True, acknowledged_at=None)


class AssignedFilter(_Choice):
    """Whose it is."""

    title = "assigned to"
    parameter_name = "assigned"
    choices_shown = (("me", "Me"), ("somebody", "Somebody"), ("nobody", "Nobody"))

    def condition(self, request: HttpRequest, chosen: str) -> Q:
        """Somebody who left is somebody still, by name."""
        match chosen:
            case "me":
                return Q(assigned_to=cast("User", request.user))
            case "somebody":
                return ~Q(assigned_name="")
            case _:
                return Q(assigned_name="")


class SilencedFilter(_Choice):
    """Whether a silence keeps what burns in it quiet, in any channel."""

    title = "silenced"
    parameter_name = "silenced"
    choices_shown = (("yes", "Silenced"), ("no", "Not silenced"))

    def condition(self, request: HttpRequest, chosen: str) -> Q:
        """As its channels were told, or not told."""
        rows = GroupMessage.objects.for_organization(organization_of(request))
        kept = rows.filter(group=OuterRef("pk"), muted=GroupMessage.Muted.SILENCED)
        silenced = Q(Exists(kept), is_open=True)
        return silenced if chosen == "yes" else ~silenced
