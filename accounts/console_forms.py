"""Console forms that write through the write functions: refusals name their field."""

from typing import Any, ClassVar, Generic, TypeVar, cast

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.console import ConsoleModelAdmin

M = TypeVar("M", bound=Model)


class WritingForm(forms.ModelForm[M], Generic[M]):
    """Calls `write` once the fields are valid; a ValueError from it becomes the field's error.

    The write functions check while they write. Django's admin holds one transaction around the
    page, so a write whose page fails afterwards is undone.
    """

    request: ClassVar[HttpRequest]

    def write(self, values: dict[str, Any], row: M | None) -> M:
        """Make or change the row; `row` is a fresh copy, None when adding."""
        raise TypeError(f"{type(self).__name__} has no write function")

    def _post_clean(self) -> None:
        adding = self.instance._state.adding
        if self.errors:
            return
        rows = type(self.instance)._default_manager
        row = None if adding else rows.get(pk=self.instance.pk)
        try:
            self.instance = self.write(dict(self.cleaned_data), row)
        except ValueError as refusal:
            field = getattr(refusal, "field", None)
            self.add_error(field if field in self.fields else None, str(refusal))

    def save(self, commit: bool = True) -> M:
        """The row that `write` made."""
        return self.instance

    def save_m2m(self) -> None:
        """Nothing is left to save."""

    def _save_m2m(self) -> None:
        """Nothing is left to save."""


class WritingPage(ConsoleModelAdmin):
    """A page whose form writes."""

    form: type[WritingForm[Any]]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """The form, knowing who asks."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has written already, with its audit entry."""


class ShownOncePage(WritingPage):
    """One whose form may make a secret (`request.shown_secret`), which is shown by the answer and
    never again."""

    shown_once: ClassVar[str]
    """What to do with it."""

    def secret_title(self, obj: Any) -> str:
        """What the page with it is called."""
        raise NotImplementedError

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """A new secret is shown here and never again."""
        return self._secret_page(request, obj) or cast(
            "HttpResponse", super().response_add(request, obj, post_url_continue)
        )

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """As after adding."""
        return self._secret_page(request, obj) or cast(
            "HttpResponse", super().response_change(request, obj)
        )

    def _secret_page(self, request: HttpRequest, obj: Any) -> HttpResponse | None:
        secret = getattr(request, "shown_secret", "")
        if not secret:
            return None
        return TemplateResponse(
            request,
            "console/shown_once.html",
            {
                **self.admin_site.each_context(request),
                "title": self.secret_title(obj),
                "lead": self.shown_once,
                "secret": secret,
                "back": self.url_of(obj),
            },
            headers={"Cache-Control": "no-store"},
        )
