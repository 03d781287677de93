"""The console: Django's admin with Unfold's looks, behind the wall between organizations.

`ConsoleModelAdmin` owns everything through which an admin page could reach rows: querysets, related
fields, filters, autocomplete, history, recent actions, popups and look-ups. Pages of other packages
derive from it and may not override these; a system check refuses a bypass.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import RelatedFieldListFilter
from django.core.checks import CheckMessage, Error
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from accounts import audit
from accounts.audit import Actor
from accounts.membership import memberships_of
from accounts.models import AuditEntry, Membership, Organization, User
from accounts.permissions import Capability, may

Banner = dict[str, str]
BannerSource = Callable[[Organization], Sequence[Banner]]


def membership_of(request: HttpRequest) -> Membership | None:
    """The signed-in person's membership in the organization that they look at."""
    membership = getattr(request, "membership", None)
    return cast("Membership", membership) if membership else None


def organization_of(request: HttpRequest) -> Organization:
    """The organization that the person looks at. Raises PermissionDenied (403)."""
    membership = membership_of(request)
    if membership is None:
        raise PermissionDenied("You are not a member of any organization.")
    return membership.organization


def actor_of(request: HttpRequest) -> Actor:
    """Who acts, for the audit."""
    return cast("Actor", getattr(request, "actor", audit.SYSTEM))


def can(request: HttpRequest, capability: Capability) -> bool:
    """Whether the person's role in the current organization includes this."""
    membership = membership_of(request)
    return membership is not None and may(membership.role, capability)


def may_view(request: HttpRequest) -> bool:
    """For the navigation: members."""
    return can(request, Capability.VIEW)


def may_manage(request: HttpRequest) -> bool:
    """For the navigation: admins and owners."""
    return can(request, Capability.MANAGE)


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # Unfold has no types
    """The console at `/`."""

    site_title = "Tocsin"
    site_header = "Tocsin"
    index_title = "Overview"
    index_template = "console/index.html"
    enable_nav_sidebar = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.banner_sources: list[BannerSource] = []
        self.index_context: list[Callable[[HttpRequest], dict[str, Any]]] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Everybody who is signed in; pages ask for their own capability."""
        return bool(request.user.is_active and request.user.is_authenticated)

    def extra_urls(self) -> list[URLPattern]:
        """What the console adds to Django's admin."""
        return [
            path(
                "organization/switch/",
                self.admin_view(require_POST(self.switch_organization)),
                name="switch_organization",
            )
        ]

    def switch_organization(self, request: HttpRequest) -> HttpResponse:
        """Look at another of one's organizations from now on."""
        user = cast("User", request.user)
        wanted = request.POST.get("organization", "")
        if any(str(m.organization_id) == wanted for m in memberships_of(user)):
            request.session["organization"] = wanted
        return redirect(f"{self.name}:index")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows: the switcher and the banners of the current organization."""
        context = cast("dict[str, Any]", super().each_context(request))
        membership = membership_of(request) if self.has_permission(request) else None
        context["membership"] = membership
        context["memberships"] = memberships_of(cast("User", request.user)) if membership else []
        context["banners"] = (
            [banner for source in self.banner_sources for banner in source(membership.organization)]
            if membership
            else []
        )
        return context

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The overview; packages add their part to `index_context`."""
        parts: dict[str, Any] = {}
        if membership_of(request) is not None:
            for part in self.index_context:
                parts.update(part(request))
        return cast("TemplateResponse", super().index(request, {**parts, **(extra_context or {})}))


site = ConsoleSite("console")

OWNED_BY_BASE = (
    "get_queryset",
    "get_field_queryset",
    "get_list_filter",
    "formfield_for_foreignkey",
    "formfield_for_manytomany",
    "get_search_results",
    "lookup_allowed",
    "history_view",
    "log_addition",
    "log_change",
    "log_deletions",
    "has_module_permission",
    "has_view_permission",
    "has_add_permission",
    "has_change_permission",
    "has_delete_permission",
    "get_object",
)


class OrganizationFilter(RelatedFieldListFilter):
    """A filter by a related row; Django's own would list every organization's."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: DjangoModelAdmin[Any]
    ) -> list[tuple[Any, Any]]:
        """(ID, name) of this organization's rows."""
        rows = cast("ConsoleModelAdmin", model_admin).get_field_queryset(None, field, request)
        return [(row.pk, str(row)) for row in rows[:200]]


class ConsoleModelAdmin(ModelAdmin):  # type: ignore[misc]  # Unfold has no types
    """The base of every page in the console. Subclasses say what, never whose."""

    view_needs: ClassVar[Capability] = Capability.VIEW
    change_needs: ClassVar[Capability] = Capability.MANAGE
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_delete: ClassVar[bool] = True
    organization_lookup: ClassVar[str] = "organization"
    prefetch: ClassVar[tuple[str, ...]] = ()

    view_on_site = False
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    warn_unsaved_form = True
    change_form_show_cancel_button = True
    actions_on_top = True
    list_fullwidth = True

    # --- Whose rows ---------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The current organization's rows; nothing without one."""
        membership = membership_of(request)
        queryset = cast("QuerySet[Any]", super().get_queryset(request))
        if membership is None:
            return queryset.none()
        return self.of_organization(queryset, membership.organization).prefetch_related(
            *self.prefetch
        )

    def of_organization(self, queryset: QuerySet[Any], organization: Organization) -> QuerySet[Any]:
        """Widened only by pages of shared rows (a lent bot); tested by the isolation suite."""
        return queryset.filter(**{self.organization_lookup: organization})

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any]:
        """The rows that a related field may point at, in lists and on submit."""
        organization = organization_of(request)
        model = db_field.remote_field.model
        page = self.admin_site._registry.get(model)
        rows = model._default_manager.all()
        if isinstance(page, ConsoleModelAdmin):
            return page.of_organization(rows, organization)
        if any(field.name == "organization" for field in model._meta.fields):
            return cast("QuerySet[Any]", rows.filter(organization=organization))
        return cast("QuerySet[Any]", rows.none())

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what a page names as a filter: other look-ups could read rows letter by letter."""
        names = {
            entry[0] if isinstance(entry, list | tuple) else entry
            for entry in self.get_list_filter(cast("HttpRequest", request))
            if isinstance(entry, str | list | tuple)
        }
        field = lookup
        for suffix in ("__exact", "__in", "__gte", "__lt", "__isnull", "__id", "__id__exact"):
            field = field.removesuffix(suffix)
        return lookup in names or field in names or field in {f"{name}__id" for name in names}

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Filters by a relation offer this organization's rows alone."""
        return [
            (entry, OrganizationFilter)
            if isinstance(entry, str) and self._is_relation(entry)
            else entry
            for entry in super().get_list_filter(request)
        ]

    def _is_relation(self, name: str) -> bool:
        return any(f.name == name and f.is_relation for f in self.opts.get_fields())

    # --- What a role may ----------------------------------------------------------------------
    def has_module_permission(self, request: HttpRequest) -> bool:
        """Shown in the navigation."""
        return can(request, self.view_needs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the role may look."""
        return can(request, self.view_needs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the role may add."""
        return self.can_add and can(request, self.change_needs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the role may change; a row of somebody else's is only looked at."""
        return self.can_change and can(request, self.change_needs) and self._own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the role may delete."""
        return self.can_delete and can(request, self.change_needs) and self._own(request, obj)

    def _own(self, request: HttpRequest, obj: Any) -> bool:
        owner = getattr(obj, "organization_id", None)
        return owner is None or owner == organization_of(request).pk

    # --- The record ---------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save with an audit entry; the owner is always the current organization."""
        organization = organization_of(request)
        if not change and hasattr(obj, "organization_id"):
            obj.organization_id = organization.pk
        before = audit.snapshot(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        changes = audit.changes_between(before, audit.snapshot(obj)) if change else {}
        audit.record(
            actor_of(request), organization, "change" if change else "create", obj, changes
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete with an audit entry."""
        audit.record(actor_of(request), organization_of(request), "delete", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete one by one: each has its entry, and refusals name their row."""
        for row in queryset:
            self.delete_model(request, row)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: Django's own log knows no organizations; the audit is ours."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing; see log_addition."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing; see log_addition."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit entries of one row."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:index"))
        entries = AuditEntry.objects.for_organization(organization_of(request)).filter(
            object_id=str(obj.pk), object_type=str(self.opts.verbose_name)
        )
        return TemplateResponse(
            request,
            "console/history.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Changes of {obj}",
                "entries": entries[:200],
                "object": obj,
                "opts": self.opts,
                **(extra_context or {}),
            },
        )

    @classmethod
    def check_bypass(cls) -> list[CheckMessage]:
        """Refuse a page that overrides what this base owns."""
        return [
            Error(
                f"{cls.__name__} overrides {name}, which keeps organizations apart.",
                hint="Use of_organization, view_needs, change_needs, can_add/change/delete.",
                id="tocsin.E010",
            )
            for name in OWNED_BY_BASE
            if cls is not ConsoleModelAdmin
            and any(
                name in vars(ancestor)
                for ancestor in cls.__mro__[: cls.__mro__.index(ConsoleModelAdmin)]
            )
        ]


def check_console(site_: admin.AdminSite) -> list[CheckMessage]:
    """Every page of the console derives from the base and leaves the wall alone."""
    problems: list[CheckMessage] = []
    for model, page in site_._registry.items():
        if not isinstance(page, ConsoleModelAdmin):
            problems.append(
                Error(
                    f"The console page of {model.__name__} doesn't derive from ConsoleModelAdmin.",
                    id="tocsin.E011",
                )
            )
        else:
            problems += type(page).check_bypass()
            problems += [
                Error(f"{type(page).__name__} has an inline of its own queryset.", id="tocsin.E012")
                for inline in page.inlines
                if "get_queryset" in vars(inline)
            ]
    return problems


def confirm(request: HttpRequest, question: str, button: str, back: str) -> HttpResponse | None:
    """A page with one button for a change that was asked for by a link; None once it is pressed.

    Unfold's row and page actions are links, and a link must not change anything.
    """
    if request.method == "POST":
        return None
    return TemplateResponse(
        request,
        "console/confirm.html",
        {
            **site.each_context(request),
            "title": question,
            "button": button,
            "back": back,
        },
    )


def safe_next(request: HttpRequest, default: str) -> str:
    """`next` from the form when it stays on this site."""
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return url
    return default
