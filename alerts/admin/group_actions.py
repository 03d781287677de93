"""What people do about groups on the console: to one by its buttons, to several by the list."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.console_requests import actor_of, organization_of
from accounts.console_site import CONFIRMED, ask_about
from accounts.models import Membership, User
from alerts import responding
from alerts.admin.silence_fields import DURATIONS, UNTIL
from alerts.durations import parse_length
from alerts.group_titles import entitle
from alerts.models import AlertGroup
from alerts.muting.silenced_alerts import held_alerts
from alerts.muting.silences import Wanted
from alerts.muting.silencing import COMMENT_MAX, SilenceRefused
from deliveries import clock

AT_ONCE = 200
"""Groups in one request."""
TOLD = 5
"""Refusals in one message."""
SHOWN = 20
"""Groups of which is shown what their silences would hold for."""
STAYS_OVER = "What their senders only repeat stays resolved; an alert that begins anew fires again."


def counted(number: int, word: str) -> str:
    """ "1 group", "1,200 groups"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def what_ends(request: HttpRequest, groups: list[AlertGroup]) -> str:
    """How many alerts resolving would end, in words; "" for none."""
    count = responding.firing_in(organization_of(request), groups).count()
    if not count:
        return ""
    end, them = ("ends", "it") if count == 1 else ("end", "them")
    return f"{counted(count, 'alert')} {end}, in every group that shows {them}. {STAYS_OVER}"


@admin.action(description="Acknowledge", permissions=["respond"])
def acknowledge_many(page: Any, request: HttpRequest, queryset: QuerySet[AlertGroup]) -> None:
    """Somebody is on all of them."""
    actor = actor_of(request)
    if groups := _chosen(page, request, queryset):
        _do(page, request, groups, lambda one: responding.acknowledge(actor, one), "acknowledged")


@admin.action(description="Assign to me", permissions=["respond"])
def assign_many(page: Any, request: HttpRequest, queryset: QuerySet[AlertGroup]) -> None:
    """All of them are the reader's."""
    actor, user = actor_of(request), cast("User", request.user)
    if groups := _chosen(page, request, queryset):
        _do(page, request, groups, lambda one: responding.assign(actor, one, user), "assigned")


@admin.action(description="Resolve…", permissions=["respond"])
def resolve_many(
    page: Any, request: HttpRequest, queryset: QuerySet[AlertGroup]
) -> HttpResponse | None:
    """All of them are over, once that is confirmed."""
    groups = _chosen(page, request, queryset)
    if not groups:
        return None
    if CONFIRMED in request.POST:
        actor = actor_of(request)
        _do(page, request, groups, lambda one: responding.resolve(actor, one), "resolved")
        return None
    if detail := what_ends(request, groups):
        title = f"Resolve {counted(len(groups), 'group')}?"
        return ask_about(request, title, "Resolve", groups, detail=detail)
    page.message_user(request, "Nothing fires in these groups.", messages.WARNING)
    return None


class SilencingForm(forms.Form):
    """For how long, and why."""

    duration = forms.ChoiceField(
        label="For",
        choices=[choice for choice in DURATIONS if choice[0] != UNTIL],
        initial="1h",
        widget=UnfoldAdminSelectWidget,
    )
    comment = forms.CharField(
        required=False,
        max_length=COMMENT_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="What for; channels may show it.",
    )


@admin.action(description="Silence…", permissions=["respond"])
def silence_many(
    page: Any, request: HttpRequest, queryset: QuerySet[AlertGroup]
) -> HttpResponse | None:
    """A silence for each, once it is said for how long."""
    groups = _chosen(page, request, queryset)
    if not groups:
        return None
    form = SilencingForm(request.POST if CONFIRMED in request.POST else None)
    if form.is_valid():
        now = clock.now()
        ends_at = now + parse_length(form.cleaned_data["duration"])
        wanted = Wanted((), now, ends_at, form.cleaned_data["comment"])
        outcome = responding.silence_each(actor_of(request), groups, wanted)
        _tell(page, request, outcome, "silenced")
        return None
    return ask_about(
        request,
        f"Silence {counted(len(groups), 'group')}",
        "Silence",
        groups,
        template="alerts/groups_silence.html",
        form=form,
        held=_held_by_each(request, groups[:SHOWN]),
        more=len(groups) - SHOWN,
    )


def _held_by_each(
    request: HttpRequest, groups: list[AlertGroup]
) -> list[tuple[AlertGroup, str, int]]:
    """(group, the matchers of its silence, how many firing alerts outside the group that would hold
    for, too); no matchers where its alerts have nothing in common."""
    organization = organization_of(request)
    entitle(organization, groups)
    matchers = {}
    for group in groups:
        with suppress(SilenceRefused):
            matchers[group.pk] = responding.matchers_of_group(group)
    held = dict(zip(matchers, held_alerts(organization, list(matchers.values())), strict=True))
    shown = []
    for group in groups:
        if group.pk not in matchers:
            shown.append((group, "", 0))
            continue
        own = responding.firing_in(organization, [group]).count()
        others = max(0, held[group.pk].count - own)
        shown.append((group, ", ".join(map(str, matchers[group.pk])), others))
    return shown


def _chosen(page: Any, request: HttpRequest, queryset: QuerySet[AlertGroup]) -> list[AlertGroup]:
    """In the order of the list; none, and a word about it, where they are too many."""
    groups = list(queryset.select_related("organization")[: AT_ONCE + 1])
    if len(groups) <= AT_ONCE:
        return groups
    page.message_user(request, f"Choose at most {AT_ONCE} groups at once.", messages.ERROR)
    return []


def _do(
    page: Any,
    request: HttpRequest,
    groups: list[AlertGroup],
    work: Callable[[AlertGroup], object],
    done: str,
) -> None:
    _tell(page, request, responding.to_each(groups, work), done)


def _tell(page: Any, request: HttpRequest, outcome: responding.Outcome, done: str) -> None:
    if outcome.done:
        already = sum(what is False for _, what in outcome.done)
        words = f"{counted(len(outcome.done) - already, 'group')} {done}."
        if already:
            words += f" {already:,} {'was' if already == 1 else 'were'} already."
        page.message_user(request, words, messages.SUCCESS)
    if not outcome.refused:
        return
    told = outcome.refused[:TOLD]
    entitle(organization_of(request), [group for group, _ in told])
    reasons = [f"{group.title}: {reason}" for group, reason in told]
    if more := len(outcome.refused) - len(told):
        reasons.append(f"And {counted(more, 'group')} more.")
    page.message_user(request, f"Not {done}. {' '.join(reasons)}", messages.WARNING)


def members_of(request: HttpRequest) -> list[tuple[str, str]]:
    """(membership's ID, name) of whom a group can be given to, the reader first."""
    rows = Membership.objects.for_organization(organization_of(request))
    found = rows.filter(user__is_active=True).select_related("user")[:500]
    me = cast("User", request.user).pk
    named = sorted((row.user_id != me, responding.name_of(row.user), str(row.pk)) for row in found)
    return [(pk, name if other else f"{name} (me)") for other, name, pk in named]
