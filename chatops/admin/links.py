"""Console: links into Telegram. They are shown once, and their pages follow what is done there."""

from typing import Any, ClassVar, cast

import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.console import ConsoleModelAdmin, site
from accounts.console_buttons import Button
from accounts.console_requests import actor_of, can, organization_of
from accounts.models import User
from accounts.permissions import Capability
from botapi import deep_links
from botapi.client import TELEGRAM_API_URL
from channels_app.models import Bot, Chat
from chatops.linking import chat_offers, link_codes, people
from chatops.linking.link_codes import Kind
from chatops.linking.telling import linked_now, no_longer_linked
from chatops.models import ChatOffer, LinkCode, TelegramIdentity
from deliveries import clock

CHAT_KINDS = [
    (Kind.GROUP, "A group: you choose it in Telegram, and the bot joins it"),
    (Kind.CHANNEL, "A channel: you add the bot as an administrator"),
    (Kind.PRIVATE, "Your private chat with the bot"),
]


class LinkForm(forms.Form):
    """Which bot a link leads to and, for a chat, to what."""

    bot = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    kind = forms.ChoiceField(
        label="Chat", choices=CHAT_KINDS, required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, bots: list[Bot], *args: Any, chat: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bots = {str(bot.pk): bot for bot in bots}
        names = [(key, f"{bot.name} (@{bot.username})") for key, bot in self.bots.items()]
        cast("forms.ChoiceField", self.fields["bot"]).choices = names
        if not chat:
            del self.fields["kind"]

    @property
    def chosen(self) -> Bot:
        """The bot, once the form is valid."""
        return self.bots[self.cleaned_data["bot"]]


def confirm(request: HttpRequest, row: LinkCode) -> HttpResponse:
    """The button Yes, that is me."""
    identity, former = people.confirm(actor_of(request), row)
    linked_now(row, identity)
    if former is not None:
        no_longer_linked(row, former)
        messages.info(request, f"{former} is not linked any more: one account is.")
    messages.success(request, f"{identity} is linked to you.")
    return redirect(mine_url())


def refuse(request: HttpRequest, row: LinkCode) -> HttpResponse:
    """The button Not me, or Not this chat."""
    _check_mine(request, row)
    if row.kind == Kind.PERSON:
        people.refuse(actor_of(request), row)
        messages.warning(
            request,
            "Nothing was linked. Somebody else had your link: make a new one, for you alone.",
        )
        return redirect(mine_url())
    offer = ChatOffer.objects.filter(code=row).first()
    if offer is not None:
        chat_offers.refuse(actor_of(request), offer)
    else:
        link_codes.close(row, confirmed=False)
    messages.info(request, "Nothing was connected.")
    return redirect(f"{site.name}:chatops_linkcode_chat")


def mine_url() -> str:
    """The page of one's own Telegram account."""
    return reverse(f"{site.name}:chatops_linkcode_mine")


def is_used(row: LinkCode) -> bool:
    """Whether there is something to say yes or no to."""
    return row.used_at is not None and row.closed_at is None


def is_mine_to_confirm(row: LinkCode) -> bool:
    """Chats are connected with a name, by a form of their own."""
    return is_used(row) and row.kind == Kind.PERSON


@admin.register(LinkCode, site=site)
class LinkPage(ConsoleModelAdmin):
    """One's own Telegram account, and chats to be connected."""

    can_add = False
    can_change = False
    can_delete = False
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("confirm", "Yes, that is me", confirm, Capability.VIEW, is_mine_to_confirm),
        Button("refuse", "Not me", refuse, Capability.VIEW),
    )

    def more_urls(self) -> list[URLPattern]:
        """The pages and their parts."""
        view = self.admin_site.admin_view
        return [
            path("mine/", view(require_GET(self.mine_view)), name="chatops_linkcode_mine"),
            path("link/", view(require_POST(self.link_view)), name="chatops_linkcode_link"),
            path("unlink/", view(require_POST(self.unlink_view)), name="chatops_linkcode_unlink"),
            path("chat/", view(self.chat_view), name="chatops_linkcode_chat"),
            path(
                "<path:object_id>/state/",
                view(require_GET(self.state_view)),
                name="chatops_linkcode_state",
            ),
            path(
                "<path:object_id>/connect/",
                view(require_POST(self.connect_view)),
                name="chatops_linkcode_connect",
            ),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Links are not listed: each was shown once."""
        return redirect(mine_url())

    def mine_view(self, request: HttpRequest) -> HttpResponse:
        """One's own Telegram accounts."""
        form = LinkForm(link_codes.usable_bots(organization_of(request)), chat=False)
        return self._page(
            request,
            "chatops/mine.html",
            "My Telegram",
            accounts=people.accounts_of(cast("User", request.user)),
            form=form,
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A link has no page: it was shown once."""
        self.row_or_404(request, object_id)
        return redirect(mine_url())

    def link_view(self, request: HttpRequest) -> HttpResponse:
        """A link for oneself."""
        bots = link_codes.usable_bots(organization_of(request))
        form = LinkForm(bots, request.POST, chat=False)
        if not form.is_valid():
            return redirect(mine_url())
        return self._issued(request, form.chosen, Kind.PERSON)

    def chat_view(self, request: HttpRequest) -> HttpResponse:
        """Which chat, then its link."""
        if not can(request, Capability.MANAGE):
            raise PermissionDenied
        bots = link_codes.usable_bots(organization_of(request))
        form = LinkForm(bots, request.POST or None, chat=True)
        if form.is_valid():
            return self._issued(request, form.chosen, Kind(form.cleaned_data["kind"] or "group"))
        return self._page(request, "chatops/chat.html", "Connect a chat", form=form)

    def state_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What became of a link so far."""
        row = self._own_row(request, object_id)
        return render(request, "chatops/link_state.html", self._state(row, in_page=False))

    def connect_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The chat on offer becomes a channel."""
        row = self._own_row(request, object_id)
        if not can(request, Capability.MANAGE):
            raise PermissionDenied
        offer = ChatOffer.objects.filter(code=row).first()
        if offer is None:
            raise Http404
        try:
            name = request.POST.get("name", "").strip()[: chat_offers.NAME_MAX]
            channel = chat_offers.connect(actor_of(request), offer, name=name)
        except ValueError as refusal:
            context = self._state(row, in_page=True) | {"refusal": str(refusal)}
            return self._page(request, "chatops/link.html", "Connect a chat", **context)
        messages.success(request, f"{channel.name} is connected.")
        return redirect(f"{site.name}:channels_app_notificationchannel_change", channel.pk)

    def unlink_view(self, request: HttpRequest) -> HttpResponse:
        """One's own account is a stranger's from now on."""
        wanted = request.POST.get("account", "")
        mine = people.accounts_of(cast("User", request.user))
        identity = next((one for one in mine if str(one.pk) == wanted), None)
        if identity is None:
            raise Http404
        people.unlink(actor_of(request), identity)
        messages.success(request, f"{identity} is not linked any more.")
        return redirect(mine_url())

    def _issued(self, request: HttpRequest, bot: Bot, kind: Kind) -> HttpResponse:
        """The only page that ever shows the code."""
        try:
            row, code = link_codes.issue(actor_of(request), organization_of(request), bot, kind)
        except link_codes.LinkRefused as refusal:
            messages.error(request, str(refusal))
            return redirect(mine_url())
        link = link_codes.link_of(row, code)
        known = TelegramIdentity.objects.filter(people.realm_of(bot), user=row.made_by).exists()
        context = self._state(row, in_page=True) | {
            "link": link,
            "picture": qr_code(link),
            "command": f"/start {code}",
            "knows_me": known,
            "hears": bot.updates != Bot.Updates.NONE,
            "own_server": (bot.api_url or settings.TELEGRAM_API_URL) != TELEGRAM_API_URL,
        }
        title = "Link your Telegram account" if kind == Kind.PERSON else "Connect a chat"
        page = self._page(request, "chatops/link.html", title, **context)
        page["Cache-Control"] = "no-store"
        return page

    def _state(self, row: LinkCode, *, in_page: bool) -> dict[str, Any]:
        offer = ChatOffer.objects.filter(code=row).select_related("channel").first()
        row.refresh_from_db()
        is_open = row.used_at is None and row.closed_at is None
        return {
            "code": row,
            "bot": row.bot,
            "in_page": in_page,
            "is_person": row.kind == Kind.PERSON,
            "is_open": is_open and row.expires_at > clock.now(),
            "offer": offer,
            "offer_type": dict(Chat.Type.choices).get(offer.type, "") if offer else "",
            "channel_link": deep_links.channel_link(row.bot.username)
            if row.kind == Kind.CHANNEL
            else "",
            "again": mine_url()
            if row.kind == Kind.PERSON
            else reverse(f"{site.name}:chatops_linkcode_chat"),
        }

    def _own_row(self, request: HttpRequest, object_id: str) -> LinkCode:
        row = cast("LinkCode", self.row_or_404(request, object_id))
        if row.made_by_id != request.user.pk:
            raise Http404
        return row

    def _page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        around = {**self.admin_site.each_context(request), "title": title}
        return TemplateResponse(request, template, around | context)


def _check_mine(request: HttpRequest, row: LinkCode) -> None:
    if row.made_by_id != request.user.pk:
        raise PermissionDenied


def qr_code(link: str) -> SafeString:
    """The link for a phone's camera: an inline SVG, dark on light whatever the page's colours."""
    picture = segno.make(link, error="m", micro=False)
    return mark_safe(  # noqa: S308  # segno's own markup; the link is only in its dots
        picture.svg_inline(border=4, light="#fff", dark="#000", svgclass="tocsin-qr", omitsize=True)
    )
