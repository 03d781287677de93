"""Console: the organization, its members, API keys and the audit."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.html import format_html
from django.utils.http import urlsafe_base64_encode
from unfold.decorators import action
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from accounts import api_keys, audit, membership
from accounts.console import ConsoleModelAdmin, confirm, site
from accounts.console_cells import time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, membership_of, organization_of
from accounts.models import ApiKey, AuditEntry, Membership, Organization, Role, User
from accounts.permissions import Capability, may_give
from accounts.zones import ZoneField


class OrganizationForm(forms.ModelForm[Organization]):
    """Name and zone."""

    timezone = ZoneField(required=True)

    class Meta:
        model = Organization
        fields = ("name", "timezone", "language", "severity_map", "ingest_limit")
        help_texts = {
            "severity_map": "Your own words for severities, as JSON; {} knows the usual ones. "
            'Such as {"labels": ["sev"], "values": {"red": "critical", "none": null}}.'
        }


@admin.register(Organization, site=site)
class OrganizationPage(ConsoleModelAdmin):
    """The organization that one looks at; others don't exist here."""

    form = OrganizationForm
    change_needs = Capability.OWN
    can_add = False
    can_delete = False
    organization_lookup = "pk"
    list_display = ("name", "timezone")
    fields = ("name", "timezone", "language", "identifier", "severity_map", "ingest_limit")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list of one is no list."""
        return redirect(self.url_of(organization_of(request)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The limit protects the other organizations, so it is the operator's."""
        if membership.is_operator(actor_of(request)):
            return ("identifier",)
        return ("identifier", "ingest_limit")

    @admin.display(description="ID, for those who lend you a bot")
    def identifier(self, organization: Organization) -> str:
        """What another organization needs to lend a bot to this one."""
        return str(organization.pk)


class MemberForm(WritingForm[Membership]):
    """A person by e-mail address, and their role."""

    email = forms.EmailField(
        label="E-mail address",
        widget=UnfoldAdminEmailInputWidget,
        help_text="Somebody new gets a sign-in link, which you find in the list of members.",
    )
    role = forms.ChoiceField(choices=Role.choices, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.fields["role"].initial = Role.VIEWER
        else:
            self.fields["email"].disabled = True
            self.fields["email"].initial = self.instance.user.email

    def write(self, values: dict[str, Any], row: Membership | None) -> Membership:
        """Through the write functions, which know who may give what."""
        own = membership_of(self.request)
        role = own.role if own else None
        if row is not None:
            return membership.change_role(actor_of(self.request), role, row, values["role"])
        return membership.add_member(
            actor_of(self.request),
            role,
            organization_of(self.request),
            values["email"],
            values["role"],
        )


class MemberPage(WritingPage):
    """People and their roles; chatops/admin adds their Telegram accounts."""

    form = MemberForm
    change_needs = Capability.OWN
    list_display: tuple[Any, ...] = ("user", "role", time_column("created_at", "Since"))
    delete_text = "They can't open this organization from their next click on."
    list_filter = ("role",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    actions_row = ("sign_in_link",)
    fields = ("email", "role")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the API keys that they made."""
        row = cast("Membership", self.row_or_404(request, object_id))
        keys = api_keys.live_keys_of(row.user, row.organization_id)
        return super().delete_view(
            request, object_id, {"live_keys": list(keys), **(extra_context or {})}
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """The last owner stays."""
        own = membership_of(request)
        role = own.role if own else None
        keep_keys = "keep_keys" in request.POST
        membership.remove_member(actor_of(request), role, obj, keep_keys=keep_keys)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keys stay as they are; whoever lowers a role hears of those that may do more."""
        super().save_model(request, obj, form, change)
        keys = [
            key
            for key in api_keys.live_keys_of(obj.user, obj.organization_id)
            if not may_give(obj.role, key.role)
        ]
        if change and keys:
            names = ", ".join(str(key) for key in keys)
            self.message_user(
                request,
                f"{obj.user} made API keys that may do more than their role now: {names}. "
                "They go on working; revoke them under API keys.",
                messages.WARNING,
            )

    @action(description="Sign-in link", permissions=["change"])  # type: ignore[untyped-decorator]  # Unfold
    def sign_in_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A link with which somebody who never signed in sets a password."""
        row = self.get_object(request, object_id)
        if row is None:
            return redirect(f"{site.name}:accounts_membership_changelist")
        user = cast("User", row.user)
        if user.has_usable_password():
            self.message_user(
                request,
                f"{user} has a password already. They can reset it on the sign-in page.",
                messages.WARNING,
            )
            return redirect(f"{site.name}:accounts_membership_changelist")
        if not membership.let_in_first(cast("Membership", row)):
            self.message_user(
                request,
                f"Another organization let {user} in first. They get their sign-in link there, "
                "and then see this organization as well.",
                messages.WARNING,
            )
            return redirect(f"{site.name}:accounts_membership_changelist")
        audit.record(actor_of(request), row.organization_id, "sign-in link", row)
        path = reverse(
            "password_reset_confirm",
            args=[
                urlsafe_base64_encode(force_bytes(user.pk)),
                default_token_generator.make_token(user),
            ],
        )
        return TemplateResponse(
            request,
            "console/shown_once.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Sign-in link for {user}",
                "lead": "Give this link to them. It works once, for three days.",
                "secret": f"{settings.SITE_URL}{path}",
                "back": reverse(f"{site.name}:accounts_membership_changelist"),
            },
            headers={"Cache-Control": "no-store"},
        )


class ApiKeyForm(WritingForm[ApiKey]):
    """What a key is for and what it may do."""

    class Meta:
        model = ApiKey
        fields = ("name", "role", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields[
                "role"
            ].help_text = "At most your own role; a key that only reads needs Viewer."

    def write(self, values: dict[str, Any], row: ApiKey | None) -> ApiKey:
        """Make the key; `response_add` shows it."""
        own = membership_of(self.request)
        made, key = api_keys.create_key(
            actor_of(self.request),
            own.role if own else None,
            organization_of(self.request),
            values["name"],
            values["role"],
            values["expires_at"],
        )
        self.request.shown_key = key  # type: ignore[attr-defined]  # for response_add alone
        return made


@admin.register(ApiKey, site=site)
class ApiKeyPage(WritingPage):
    """Keys for the REST API: shown once, revoked at once."""

    form = ApiKeyForm
    view_needs = Capability.MANAGE
    can_change = False
    can_delete = False
    list_display = (
        "name",
        "shown_prefix",
        "role",
        time_column("last_used_at", "Last used", "never"),
        time_column("expires_at", "Expires", "never"),
        "state",
    )
    empty_text = "No API key yet. Add one for scripts that use the REST API."
    list_filter = ("role",)
    search_fields = ("name", "prefix")
    actions_row = ("revoke",)
    fields = ("name", "role", "expires_at")

    @admin.display(description="Key")
    def shown_prefix(self, key: ApiKey) -> str:
        """The start of the key, to recognise it by."""
        return format_html("<code>{}…</code>", key.prefix)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> str:
        """Whether it works."""
        return "Revoked" if key.revoked_at else "Works"

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The only page that ever shows the key; it never goes through a message or a cookie."""
        return TemplateResponse(
            request,
            "console/shown_once.html",
            {
                **self.admin_site.each_context(request),
                "title": f"API key {obj.name}",
                "lead": "Copy it now: it can't be shown again.",
                "secret": getattr(request, "shown_key", ""),
                "example": f"curl -H 'Authorization: Bearer {getattr(request, 'shown_key', '')}' "
                + request.build_absolute_uri("/api/v1/channels/"),
                "back": reverse(f"{site.name}:accounts_apikey_changelist"),
            },
            headers={"Cache-Control": "no-store"},
        )

    @action(description="Revoke", permissions=["add"])  # type: ignore[untyped-decorator]  # Unfold
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The key stops working at once."""
        row = self.get_object(request, object_id)
        back = reverse(f"{site.name}:accounts_apikey_changelist")
        if row is not None:
            page = confirm(request, f"Revoke the API key {row.name}?", "Revoke", back)
            if page is not None:
                return page
            api_keys.revoke_key(actor_of(request), cast("ApiKey", row))
            self.message_user(request, f"{row.name} is revoked.", messages.SUCCESS)
        return redirect(back)


@admin.register(AuditEntry, site=site)
class AuditPage(ConsoleModelAdmin):
    """Who changed what, when and from where."""

    view_needs = Capability.MANAGE
    can_add = False
    can_change = False
    can_delete = False
    change_form_template = "console/audit.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        time_column("at", "When"),
        "who",
        "action",
        "kind",
        "name",
        "address",
    )
    list_filter = ("way", "action", "object_type")
    search_fields = ("actor_name", "object_name", "object_id")
    empty_text = "Nothing has been changed yet."

    @admin.display(description="Of", ordering="object_type")
    def kind(self, entry: AuditEntry) -> str:
        """What kind of thing was changed."""
        return entry.object_type

    @admin.display(description="Name", ordering="object_name")
    def name(self, entry: AuditEntry) -> str:
        """What it was called then."""
        return entry.object_name

    @admin.display(description="IP address", ordering="ip_address")
    def address(self, entry: AuditEntry) -> str:
        """Where from."""
        return entry.ip_address or "—"

    @admin.display(description="Who", ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        """The actor and the way."""
        way = entry.get_way_display()
        return (
            entry.actor_name
            if entry.actor_name.lower() == way.lower()
            else f"{entry.actor_name}, {way}"
        )
