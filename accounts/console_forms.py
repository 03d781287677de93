"""Console forms that write through the write functions: refusals name their field."""

from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest

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
