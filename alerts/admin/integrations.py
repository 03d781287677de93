"""Console pages of integrations: the URL to copy, what to paste where, keys."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.console_buttons import Button
from accounts.console_cells import time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, can, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts import integrations, payloads
from alerts.admin import mappings, upstreams
from alerts.models import Integration
from alerts.snippets import snippets, tab_for

OVERLAPS = {"day": timedelta(days=1), "week": timedelta(days=7), "none": timedelta(0)}


class NamesField(forms.CharField):
    """Names separated by commas or blanks ⇄ a list."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """As people write it."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The names, each once."""
        return list(dict.fromkeys(str(value or "").replace(",", " ").split()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the names differ."""
        return bool((initial or []) != self.to_python(data))


class IntegrationForm(WritingForm[Integration]):
    """A source of alerts; its signature secret can be replaced, never read."""

    ignored_labels = NamesField(
        required=False,
        help_text="Labels that don't tell alerts apart, such as replica. Separate with commas.",
    )
    signature_secret = forms.CharField(
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="When it is set, every POST must be signed with it (HMAC-SHA256). Empty: none.",
    )
    drop_signature = forms.BooleanField(required=False, label="Ask for no signature any more")

    class Meta:
        model = Integration
        fields = ("name", *integrations.SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            kinds = [one for one in Integration.Kind.choices if one[0] in integrations.KINDS]
            cast("forms.ChoiceField", self.fields["kind"]).choices = kinds
        if "signature_secret" not in self.fields:
            return
        if self.instance.signature_secret_encrypted:
            self.fields["signature_secret"].help_text = "A secret is stored. Empty: keep it."
        else:
            self.fields.pop("drop_signature", None)

    def write(self, values: dict[str, Any], row: Integration | None) -> Integration:
        """Make or change it; then its secret."""
        secret = values.pop("signature_secret", "")
        drop = values.pop("drop_signature", False)
        actor = actor_of(self.request)
        if row is None:
            row, _ = integrations.create_integration(actor, organization_of(self.request), **values)
        else:
            row = integrations.change_integration(actor, row, **values)
        if secret or drop:
            integrations.set_signature_secret(actor, row, "" if drop else secret)
        return row


def has_key(integration: Integration) -> bool:
    """Whether anybody can send to it; that of the heartbeats is theirs alone."""
    return integration.kind != Integration.Kind.HEARTBEAT


def rotate(request: HttpRequest, integration: Integration) -> HttpResponse | None:
    """The button New key."""
    overlap = OVERLAPS.get(request.POST.get("overlap", ""), OVERLAPS["day"])
    integrations.rotate_key(actor_of(request), integration, overlap)
    messages.success(request, "The key is new. Paste the new URL into the sender.")
    return None


@admin.register(Integration, site=site)
class IntegrationPage(WritingPage):
    """Where alerts come from."""

    form = IntegrationForm
    stay_after_save = True
    change_form_template = "alerts/integration.html"
    # Drawn by the template, with its choice of overlap.
    rotate_button: ClassVar[Button] = Button("rotate", "New key", rotate, offered=has_key)
    buttons: ClassVar[tuple[Button, ...]] = (rotate_button,)
    list_display = (
        "name",
        "kind",
        "state",
        time_column("last_received_at", "Last alert, about", "never"),
        time_column("created_at", "Added"),
    )
    list_filter = ("kind", "enabled")
    search_fields = ("name",)
    empty_text = (
        "No integration yet. Add one, and paste its URL into Alertmanager, Grafana or a script."
    )
    delete_text = "Its alerts and their history go with it, and its URL stops working."

    def deletable(self, row: Any) -> bool:
        """That of the heartbeats stays."""
        return has_key(cast("Integration", row))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Adding asks for little."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", "kind", "enabled"]})]
        if obj is not None and not has_key(obj):
            return [(None, {"fields": ["name"]})]
        signature = ["signature_secret", "signature_header", "signature_timestamp_header"]
        if obj is not None and obj.signature_secret_encrypted:
            signature.insert(1, "drop_signature")
        first = ["name", "kind", *(["enabled"] if obj else [])]
        return [
            (None, {"fields": first}),
            (
                "Identity and limits",
                {
                    "fields": ["ignored_labels", "resolve_timeout", "ingest_limit"],
                    "classes": ["collapse"],
                },
            ),
            ("Signature", {"fields": signature, "classes": ["collapse"]}),
        ]

    @admin.display(description="State")
    def state(self, integration: Integration) -> SafeString:
        """Whether its key works."""
        word, tone = ("Works", "success") if integration.enabled else ("Switched off", "warning")
        return format_html('<span class="tocsin-state tocsin-state-{}">{}</span>', tone, word)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The URL and the snippets, for those who may see the key."""
        integration = cast("Integration", row)
        if not (can(request, Capability.MANAGE) and has_key(integration)):
            return {"integration": integration, "show_delete": has_key(integration)}
        host = settings.SITE_URL.partition("://")[2].partition(":")[0]
        return {
            "integration": integration,
            "ingest_url": integrations.ingest_url(integration),
            "snippets": snippets(settings.SITE_URL, integrations.key_of(integration)),
            "tab": tab_for(integration.kind),
            "is_local": host in ("localhost", "127.0.0.1"),
            "rotate": self.rotate_button,
            "payloads": [
                (payload, payloads.words_for(payload))
                for payload in payloads.last_payloads(integration).defer("body")
            ],
            **upstreams.panel_context(integration),
        }

    def more_urls(self) -> list[URLPattern]:
        """The page of its mapping and the form of its upstream, and the parts they ask for."""
        views = {
            "mapping": mappings.mapping_page,
            "mapping_try": require_POST(mappings.preview_part),
            "mapping_fields": mappings.fields_part,
            "mapping_payload": mappings.payload_part,
            "upstream": upstreams.save,
            "upstream_remove": upstreams.remove,
            "upstream_state": upstreams.state_part,
        }
        return [
            path(
                f"<path:object_id>/{name.replace('_', '/')}/",
                self.admin_site.admin_view(partial(self._of_admins, view)),
                name=f"alerts_integration_{name}",
            )
            for name, view in views.items()
        ]

    def _of_admins(
        self, view: Callable[..., HttpResponse], request: HttpRequest, object_id: str
    ) -> HttpResponse:
        """Payloads may hold the sender's secrets. 403 for who may not manage, 404 for the
        integration of the heartbeats."""
        row = self.row_or_404(request, object_id)
        if not has_key(row):
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return view(request, row)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        integrations.delete_integration(actor_of(request), cast("Integration", obj))
