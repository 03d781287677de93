"""Buttons that change something: small POST forms on a row's page and in lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.permissions import Capability


def always(row: Any) -> bool:
    """Offered for every row."""
    return True


@dataclass(frozen=True, slots=True)
class Button:
    """One change that a person asks for with one press.

    `name` is its part of the URL. `run(request, row)` makes the change in one transaction and may
    answer; None means back to the page. A ValueError from it is shown to the person. `in_place`:
    the answer to a press by script replaces the row's verdict instead of the page.
    """

    name: str
    label: str
    run: Callable[[HttpRequest, Any], HttpResponse | None]
    needs: Capability = Capability.MANAGE
    offered: Callable[[Any], bool] = always
    in_list: bool = False
    in_place: bool = False
    primary: bool = False
