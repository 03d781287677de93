"""A system check: no console page goes round the wall between organizations."""

from django.contrib import admin
from django.core.checks import CheckMessage, Error

from accounts.console import ConsoleModelAdmin

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
    "row_or_404",
    "buttons_for",
    "press",
    "get_urls",
    "get_deleted_objects",
)


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
            problems += bypasses(type(page))
            problems += [
                Error(f"{type(page).__name__} has an inline of its own queryset.", id="tocsin.E012")
                for inline in page.inlines
                if "get_queryset" in vars(inline)
            ]
    return problems


def bypasses(page: type[ConsoleModelAdmin]) -> list[CheckMessage]:
    """Refuse a page that overrides what the base owns."""
    return [
        Error(
            f"{page.__name__} overrides {name}, which keeps organizations apart.",
            hint="Use of_organization, view_needs, change_needs, can_add/change/delete.",
            id="tocsin.E010",
        )
        for name in OWNED_BY_BASE
        if any(
            name in vars(ancestor)
            for ancestor in page.__mro__[: page.__mro__.index(ConsoleModelAdmin)]
        )
    ]
