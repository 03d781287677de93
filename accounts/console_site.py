"""The console's site at `/`: sign-in, organization switcher, banners, overview."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import views as auth_views
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, re_path
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from accounts.console_requests import membership_of
from accounts.membership import memberships_of
from accounts.models import Organization, User
from accounts.sign_in import ResetForm, SignInForm

Banner = dict[str, str]
BannerSource = Callable[[Organization], Sequence[Banner]]
CONFIRMED = "confirmed"


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # Unfold has no types
    """The console at `/`."""

    site_title = "Tocsin"
    site_header = "Tocsin"
    index_title = "Overview"
    index_template = "console/index.html"
    login_form = SignInForm
    final_catch_all_view = False  # `last_url` in its place

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.banner_sources: list[BannerSource] = []
        self.index_context: list[Callable[[HttpRequest], dict[str, Any]]] = []
        # Rows go one by one, on a page that says what goes with them.
        self.disable_action("delete_selected")

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

    def get_urls(self) -> list[URLPattern]:
        """All of the console; the last one takes every path of the installation that is left."""
        return [*super().get_urls(), re_path(r"^(?P<url>.*)$", self.last_url, name="nothing_here")]

    @method_decorator(csrf_exempt)
    def last_url(self, request: HttpRequest, url: str) -> HttpResponseBase:
        """Nothing is here. Who is signed out and asks for a page hears of the sign-in first; what a
        program POSTs to a wrong path is told so, and not that a cookie is missing."""
        if request.method in ("GET", "HEAD"):
            return cast("HttpResponseBase", self.admin_view(self.catch_all_view)(request, url))
        raise Http404

    def switch_organization(self, request: HttpRequest) -> HttpResponse:
        """Look at another of one's organizations from now on."""
        user = cast("User", request.user)
        wanted = request.POST.get("organization", "")
        if any(str(m.organization_id) == wanted for m in memberships_of(user)):
            request.session["organization"] = wanted
        return redirect(f"{self.name}:index")

    def password_reset(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a link by mail."""
        view = auth_views.PasswordResetView.as_view(
            form_class=type("ResetForm", (ResetForm,), {"request": request}),
            # Not the Host header: whoever asks chooses that, and somebody else reads the mail.
            extra_email_context={"site_url": settings.SITE_URL},
            extra_context=self.each_context(request),
        )
        return view(request)

    def password_reset_done(self, request: HttpRequest) -> HttpResponseBase:
        """The link is on its way, or there is nobody with this address: both look alike."""
        return auth_views.PasswordResetDoneView.as_view(extra_context=self.each_context(request))(
            request
        )

    def password_reset_confirm(
        self, request: HttpRequest, uidb64: str, token: str
    ) -> HttpResponseBase:
        """Set the password."""
        view = auth_views.PasswordResetConfirmView.as_view(extra_context=self.each_context(request))
        return view(request, uidb64=uidb64, token=token)

    def password_reset_complete(self, request: HttpRequest) -> HttpResponseBase:
        """It is set."""
        view = auth_views.PasswordResetCompleteView.as_view(
            extra_context=self.each_context(request)
        )
        return view(request)

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


def confirm(
    request: HttpRequest, question: str, button: str, back: str, detail: str = ""
) -> HttpResponse | None:
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
            "detail": detail,
            "button": button,
            "back": back,
        },
    )


def ask_about(
    request: HttpRequest,
    question: str,
    button: str,
    rows: Iterable[Any],
    *,
    template: str = "console/confirm.html",
    **context: Any,
) -> HttpResponse:
    """The same for a list's action on these rows. Once it is pressed, the action is asked for again
    with CONFIRMED in the form, for these rows alone. A `template` of one's own may ask for more (in
    its block `fields`); `context` goes to it."""
    kept = [
        ("action", request.POST.get("action", "")),
        *((ACTION_CHECKBOX_NAME, str(row.pk)) for row in rows),
        (CONFIRMED, "1"),
    ]
    back = request.get_full_path()
    asked = {"title": question, "button": button, "back": back, "kept": kept, **context}
    return TemplateResponse(request, template, {**site.each_context(request), **asked})


def ask_first(
    request: HttpRequest, question: str, button: str, back: str, detail: str = ""
) -> HttpResponse | None:
    """The same for a button: a page that asks, and None once that is answered."""
    if CONFIRMED in request.POST:
        return None
    asked = {"title": question, "detail": detail, "button": button, "back": back}
    kept = [(CONFIRMED, "1")]
    around = site.each_context(request)
    return TemplateResponse(request, "console/confirm.html", {**around, **asked, "kept": kept})
