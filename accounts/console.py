"""The console: Django's admin with Unfold's looks, behind the wall between organizations.

`ConsoleModelAdmin` owns everything through which an admin page could reach rows: querysets, related
fields, filters, autocomplete, history, recent actions, popups and look-ups. Pages of other packages
derive from it and may not override these; console_checks.py refuses a bypass.
"""

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import RelatedFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from accounts import audit
from accounts.console_buttons import Button
from accounts.console_requests import (
    actor_of,
    can,
    may_manage,
    may_view,
    membership_of,
    organization_of,
    safe_next,
)
from accounts.console_site import confirm, site
from accounts.models import AuditEntry, Organization
from accounts.permissions import Capability

__all__ = [
    "ConsoleModelAdmin",
    "confirm",
    "may_manage",
    "may_view",
    "site",
]


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
    buttons: ClassVar[tuple[Button, ...]] = ()
    stay_after_save: ClassVar[bool] = False
    empty_text: ClassVar[str] = "Nothing is here yet."
    empty_link: ClassVar[tuple[str, str] | None] = None  # label, URL name of the console
    delete_text: ClassVar[str] = ""
    change_form_template = "console/change_form.html"
    delete_confirmation_template = "console/delete.html"

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
        return queryset.filter(**{self.organization_lookup: organization.pk})

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
        entries = self.get_list_filter(cast("HttpRequest", request))
        names = {
            entry[0] if isinstance(entry, list | tuple) else entry
            for entry in entries
            if isinstance(entry, str | list | tuple)
        }
        own = [entry for entry in entries if isinstance(entry, type)]
        names |= {entry.parameter_name for entry in own if issubclass(entry, SimpleListFilter)}
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
        may_delete = self.can_delete and (obj is None or self.deletable(obj))
        return may_delete and can(request, self.change_needs) and self._own(request, obj)

    def deletable(self, row: Any) -> bool:
        """Whether this row can go at all; the write function has the last word."""
        return True

    def _own(self, request: HttpRequest, obj: Any) -> bool:
        owner = getattr(obj, "organization_id", None)
        return owner is None or owner == organization_of(request).pk

    # --- What pages show ----------------------------------------------------------------------
    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template of a row's page shows besides its form."""
        return {}

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Give the rows of a list what their columns show, in a fixed number of queries."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, its rows decorated."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        self.decorate(request, changelist.result_list)
        for row in changelist.result_list:
            row.console_buttons = [
                button for button in self.buttons_for(request, row) if button.in_list
            ]
        if not (changelist.query or changelist.has_active_filters):
            changelist.full_result_count = changelist.result_count
        link = self.empty_link
        if link and link[1].endswith("_add") and not can(request, self.change_needs):
            link = None
        changelist.console = {
            "here": request.get_full_path(),
            "has_buttons": any(row.console_buttons for row in changelist.result_list),
            "empty_text": self.empty_text,
            "empty_label": link[0] if link else "",
            "empty_url": reverse(f"{self.admin_site.name}:{link[1]}") if link else "",
        }
        return changelist

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """A row's page with its buttons; one Save button is enough."""
        context.update(
            show_save_and_continue=False,
            show_save_and_add_another=False,
            show_history=bool(obj) and can(request, Capability.MANAGE),
        )
        if obj is not None:
            context["buttons"] = self.buttons_for(request, obj)
            context.update(self.page_context(request, obj))
        return cast(
            "HttpResponse", super().render_change_form(request, context, add, change, form_url, obj)
        )

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Where a new row can be tried out, its page comes next."""
        if self.stay_after_save:
            return redirect(self.url_of(obj))
        return cast("HttpResponse", super().response_post_save_add(request, obj))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """As after adding."""
        if self.stay_after_save:
            return redirect(self.url_of(obj))
        return cast("HttpResponse", super().response_post_save_change(request, obj))

    def url_of(self, row: Any) -> str:
        """The row's page."""
        names = f"{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{self.admin_site.name}:{names}_change", args=[row.pk])

    def list_url(self) -> str:
        """The list's page."""
        names = f"{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{self.admin_site.name}:{names}_changelist")

    # --- Buttons ------------------------------------------------------------------------------
    def buttons_for(self, request: HttpRequest, row: Any) -> list[Button]:
        """What this person may press on this row now."""
        return [
            button
            for button in self.buttons
            if can(request, button.needs) and self._own(request, row) and button.offered(row)
        ]

    def get_urls(self) -> list[URLPattern]:
        """Django's, and one for each button."""
        names = f"{self.opts.app_label}_{self.opts.model_name}"
        press = self.admin_site.admin_view(require_POST(self.press))
        buttons = [path("<path:object_id>/press/<slug:name>/", press, name=f"{names}_press")]
        return [*self.more_urls(), *buttons, *super().get_urls()]

    def more_urls(self) -> list[URLPattern]:
        """URLs of a page's own; each view asks `row_or_404` for its row."""
        return []

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The organization's own row, or one that it may look at. Raises Http404."""
        row = self.get_object(request, unquote(str(object_id)))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return row

    def press(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Somebody pressed a button. 403 without the capability, 404 for a foreign row."""
        row = self.row_or_404(request, object_id)
        button = next((button for button in self.buttons if button.name == name), None)
        if button is None:
            raise Http404
        if not (can(request, button.needs) and self._own(request, row)):
            raise PermissionDenied
        answer = None
        try:
            if not button.offered(row):
                raise ValueError(f"“{button.label}” isn't possible any more.")  # noqa: TRY301  # told as any other refusal
            with transaction.atomic():
                answer = button.run(request, row)
        except ValueError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return answer or redirect(safe_next(request, self.url_of(row)))

    # --- Deleting -----------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes, in words: Django's own list names rows of other organizations, and refuses
        because nobody may delete an alert by hand."""
        return [str(obj) for obj in objs], {}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refusals of the write functions are told on the page."""
        try:
            return cast(
                "HttpResponse",
                super().delete_view(
                    request, object_id, {"delete_text": self.delete_text, **(extra_context or {})}
                ),
            )
        except ValueError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(self.list_url())

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
        """The audit entries of one row, for whoever may read the audit."""
        if not can(request, Capability.MANAGE):
            raise PermissionDenied
        obj = self.row_or_404(request, object_id)
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
