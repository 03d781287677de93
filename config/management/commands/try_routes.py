"""`manage.py try_routes ORGANIZATION LABEL=VALUE…`: where an alert would go, and why."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.membership import organization_with_slug_or_name
from accounts.models import Organization
from alerts import route_trial
from alerts.models import Integration


class Command(BaseCommand):
    """Stores and sends nothing."""

    help = "Say which routes an alert with these labels would take, why, and to which channels."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose routes, which labels, and where the alert would come from."""
        parser.add_argument("organization", help="its name or slug")
        parser.add_argument("labels", nargs="*", metavar="LABEL=VALUE")
        parser.add_argument("--integration", default="", help="its name")
        parser.add_argument("--text", action="store_true", help="print the messages as well")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each route; what takes the alert is marked."""
        organization = organization_with_slug_or_name(options["organization"])
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        integration = _integration(organization, options["integration"])
        tried = route_trial.try_labels(organization, _labels(options["labels"]), integration)
        for step in tried.steps:
            mark = "->" if step.is_taken else "  "
            self.stdout.write(f"{mark} {step.route.name}: {step.why}")
            for one in step.shown:
                silently = ", without a sound" if one.is_silent else ""
                self.stdout.write(f"     to {one.channel.name}{silently} {one.hindrance}".rstrip())
                if options["text"]:
                    lines = one.plain_text.splitlines()
                    self.stdout.write("\n".join(f"     | {line}" for line in lines))
        if tried.is_lost:
            self.stdout.write("No channel would show it.")


def _integration(organization: Organization, name: str) -> Integration | None:
    if not name:
        return None
    found = Integration.objects.for_organization(organization).filter(name=name)
    if len(found) != 1:
        count = f"{len(found)} integrations" if found else "no integration"
        raise CommandError(f"There is {count} with the name {name!r} in {organization.name}.")
    return found[0]


def _labels(given: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for pair in given:
        name, separator, value = pair.partition("=")
        if not (name and separator):
            raise CommandError(f"Give labels as name=value, unlike {pair!r}.")
        labels[name] = value
    return labels
