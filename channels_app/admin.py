"""Console pages of bots, loans and channels; deliveries/admin adds state, checks and tests."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.console import site
from accounts.console_cells import time_column
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.models import Organization
from accounts.zones import ZoneField
from channels_app import bots, channels, loans
from channels_app.models import (
    Bot,
    BotGrant,
    NotificationChannel,
    Verification,
    default_durations,
)
from channels_app.offered import read_offered
from languages.speaking import LANGUAGES

LABELS = {
    "Working": "success",
    "Being checked": "info",
    "Needs attention": "danger",
    "Disabled": "warning",
}


def state_of(row: Bot | NotificationChannel) -> str:
    """One word for lists."""
    return str(Verification(row.verification).label) if row.enabled else "Disabled"


class BotForm(WritingForm[Bot]):
    """A bot; the token can be replaced, never read."""

    token = forms.CharField(
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    api_url = forms.URLField(
        label="Bot API server",
        required=False,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
        help_text="Empty: Telegram's own. Or the address of a local Bot API server or sandbox.",
    )
    proxy = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="http:// or socks5h:// URL for this bot's calls. Empty: none.",
    )
    drop_proxy = forms.BooleanField(required=False, label="Remove the proxy")

    class Meta:
        model = Bot
        fields = ("name", "enabled", "updates")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        adding = self.instance._state.adding
        if "token" not in self.fields:
            return
        if "updates" in self.fields:
            self.fields["updates"].required = False
            if adding:
                self.fields["updates"].initial = Bot.Updates.POLLING
        if adding:
            self.fields["token"].required = True
            self.fields[
                "token"
            ].help_text = (
                "Talk to @BotFather in Telegram, send /newbot, and paste the token it gives you."
            )
            for name in ("enabled", "drop_proxy"):
                self.fields.pop(name, None)
        else:
            self.fields[
                "token"
            ].help_text = f"{bots.masked_token(self.instance)} is stored. Empty: keep it."
            self.fields["api_url"].initial = self.instance.api_url
            if self.instance.proxy_encrypted:
                self.fields["proxy"].help_text = "A proxy is stored. Empty: keep it."
            else:
                self.fields.pop("drop_proxy", None)

    def write(self, values: dict[str, Any], row: Bot | None) -> Bot:
        """Register or change."""
        if row is None:
            return bots.register_bot(
                actor_of(self.request),
                organization_of(self.request),
                name=values["name"],
                token=values["token"],
                api_url=values["api_url"],
                proxy=values["proxy"],
                updates=values["updates"] or Bot.Updates.POLLING,
            )
        proxy = "" if values.get("drop_proxy") else (values["proxy"] or None)
        enabled = values["enabled"]
        return bots.change_bot(
            actor_of(self.request),
            row,
            name=values["name"],
            token=values["token"],
            api_url=values["api_url"],
            proxy=proxy,
            enabled=enabled if enabled != row.enabled else None,
            updates=values["updates"] or None,
        )


class BotPage(WritingPage):
    """Bots, own and lent."""

    form = BotForm
    list_display: tuple[Any, ...] = ("name", "handle", "owner")
    list_filter = ("verification", "enabled")
    search_fields = ("name", "username")
    list_select_related = ("organization",)
    readonly_fields = ("handle",)

    def of_organization(self, queryset: QuerySet[Any], organization: Organization) -> QuerySet[Any]:
        """Lent bots are seen, never changed."""
        return queryset.filter(pk__in=bots.bots_usable_by(organization).values("pk"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The token first; what few need is folded away."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", "handle"]})]
        first = ["name", "token"]
        connection = ["api_url", "proxy"]
        if obj is not None:
            first.append("enabled")
            if obj.proxy_encrypted:
                connection.append("drop_proxy")
        return [
            (None, {"fields": [*first, "updates"]}),
            ("Connection", {"fields": connection, "classes": ["collapse"]}),
        ]

    @admin.display(description="Username")
    def handle(self, bot: Bot) -> str:
        """As people find it in Telegram."""
        return f"@{bot.username}" if bot.username else "not known yet"

    @admin.display(description="Owner")
    def owner(self, bot: Bot) -> str:
        """Who registered it."""
        return bot.organization.name

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        bots.delete_bot(actor_of(request), cast("Bot", obj))


class GrantForm(WritingForm[BotGrant]):
    """Which bot to lend, and to whom."""

    borrower = forms.UUIDField(
        label="The other organization's ID",
        widget=UnfoldAdminTextInputWidget,
        help_text="Its members find it under Organization → Settings.",
    )

    class Meta:
        model = BotGrant
        fields = ("bot",)

    def clean_borrower(self) -> Organization:
        """The organization with this ID."""
        found = Organization.objects.filter(pk=self.cleaned_data["borrower"]).first()
        if found is None:
            raise forms.ValidationError("There is no organization with this ID.")
        return found

    def write(self, values: dict[str, Any], row: BotGrant | None) -> BotGrant:
        """Lend."""
        if values["bot"].organization_id != organization_of(self.request).pk:
            raise bots.BotRefused("bot", "This bot is lent to you; its owner can lend it on.")
        return loans.lend_bot(actor_of(self.request), values["bot"], values["borrower"])


@admin.register(BotGrant, site=site)
class GrantPage(WritingPage):
    """Bots lent to others and by others."""

    form = GrantForm
    can_change = False
    empty_text = (
        "A bot grant lends one of your bots to another organization, which sends with it and never "
        "sees its token. None is given yet."
    )
    list_display = ("bot", "lender", "grantee", time_column("created_at", "Since"))
    list_select_related = ("bot", "organization", "grantee")
    fields = ("bot", "borrower")

    def of_organization(self, queryset: QuerySet[Any], organization: Organization) -> QuerySet[Any]:
        """Both sides see a loan."""
        return queryset.filter(Q(organization=organization) | Q(grantee=organization))

    @admin.display(description="Lender")
    def lender(self, grant: BotGrant) -> str:
        """Whose bot it is."""
        return grant.organization.name

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        loans.take_back(actor_of(request), cast("BotGrant", obj))


class OfferedField(forms.CharField):
    """Durations of buttons, one beside the other."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """As people write it."""
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other ones are wanted."""
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> list[str]:
        """The list."""
        try:
            return read_offered(str(super().clean(value)).replace(",", " ").split())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class ChannelForm(WritingForm[NotificationChannel]):
    """A channel: bot, chat and how messages look and sound."""

    bot = forms.ModelChoiceField(queryset=Bot.objects.none(), widget=UnfoldAdminSelectWidget)
    chat_id = forms.CharField(
        label="Chat",
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="A chat ID such as 987654321 or -1001234567890, or the @name of a public group "
        "or channel. Add the bot to the group or channel first; in a private chat press Start.",
    )
    timezone = ZoneField(required=False)
    language = forms.ChoiceField(
        choices=[("", "As the organization"), *LANGUAGES.items()],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    silence_durations = OfferedField(
        label="Silence buttons",
        max_length=60,
        required=False,
        initial=default_durations,
        help_text="For how long, such as 1h, 4h or 1d. Empty: no such buttons.",
    )

    class Meta:
        model = NotificationChannel
        fields = ("name", *channels.SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "bot" not in self.fields:
            return
        bot = cast("forms.ModelChoiceField[Bot]", self.fields["bot"])
        bot.queryset = bots.bots_usable_by(organization_of(self.request))
        if not self.instance._state.adding:
            bot.initial = self.instance.chat.bot_id
            self.fields["chat_id"].initial = str(self.instance.chat.address)
        elif bot.queryset.count() == 1:
            bot.initial = bot.queryset.get()

    def write(self, values: dict[str, Any], row: NotificationChannel | None) -> NotificationChannel:
        """Add or change."""
        if row is None:
            return channels.create_channel(
                actor_of(self.request), organization_of(self.request), **values
            )
        return channels.change_channel(actor_of(self.request), row, **values)


class ChannelPage(WritingPage):
    """Channels: where alerts go."""

    form = ChannelForm
    list_display: tuple[Any, ...] = ("name", "where")
    list_filter = ("verification", "enabled")
    search_fields = ("name", "chat__title", "chat__username")
    list_select_related = ("chat__bot",)
    readonly_fields = ("where",)
    radio_fields: ClassVar[dict[str, int]] = {}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is needed first, then looks and sound."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", "where"]})]
        return [
            (
                None,
                {
                    "fields": [
                        "name",
                        "bot",
                        "chat_id",
                        "message_thread_id",
                    ]
                },
            ),
            (
                "Looks",
                {
                    "fields": [
                        "parse_mode",
                        "link_previews",
                        "protect_content",
                        "timezone",
                        "language",
                    ]
                },
            ),
            ("Sound", {"fields": ["silent", "silent_below", "renotify_interval"]}),
            ("Buttons", {"fields": ["actions", "silence_durations", "trail"]}),
            ("Troubles", {"fields": ["tells_admins"]}),
        ]

    @admin.display(description="Chat")
    def where(self, channel: NotificationChannel) -> SafeString:
        """The chat as people know it, and the bot that writes there."""
        topic = f", topic {channel.message_thread_id}" if channel.message_thread_id else ""
        kind = f" ({channel.chat.get_type_display()})" if channel.chat.type else ""
        return format_html(
            '<div>{}<br><small class="tocsin-quiet">by {}</small></div>',
            f"{channel.chat}{kind}{topic}",
            channel.chat.bot,
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        channels.delete_channel(actor_of(request), cast("NotificationChannel", obj))
