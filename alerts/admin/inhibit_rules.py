"""Console pages of inhibit rules: which alerts keep which others quiet."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from alerts.admin.integrations import NamesField
from alerts.admin.matcher_fields import MatchersField, matchers_text
from alerts.models import InhibitRule
from alerts.muting import inhibit_rules


class InhibitRuleForm(WritingForm[InhibitRule]):
    """Sources, targets, and what both have in common."""

    source_matchers = MatchersField(
        label="While these fire",
        help_text='Such as alertname="InstanceDown". One a line; all must match.',
    )
    target_matchers = MatchersField(
        label="These are not told of",
        help_text='Such as severity="warning". One a line; all must match.',
    )
    equal = NamesField(
        label="With equal labels",
        required=False,
        help_text="Labels in which both have to agree, such as cluster, instance; one that both "
        "lack counts as equal. None: any of the former keeps all of the latter quiet.",
    )

    class Meta:
        model = InhibitRule
        fields = inhibit_rules.FIELDS

    def write(self, values: dict[str, Any], row: InhibitRule | None) -> InhibitRule:
        """Make or change it."""
        actor = actor_of(self.request)
        if row is None:
            organization = organization_of(self.request)
            return inhibit_rules.create_inhibit_rule(actor, organization, **values)
        return inhibit_rules.change_inhibit_rule(actor, row, **values)


@admin.register(InhibitRule, site=site)
class InhibitRulePage(WritingPage):
    """While a source fires, its targets are not told of."""

    form = InhibitRuleForm
    fields = ("name", "source_matchers", "target_matchers", "equal", "enabled")
    list_display = ("title", "sources", "targets", "labels", "state")
    sortable_by = ()
    empty_text = (
        "No inhibit rule yet. With one, what follows from an outage is not told beside the outage."
    )
    empty_link = ("Add an inhibit rule", "alerts_inhibitrule_add")
    delete_text = "What it keeps quiet is told, if it still burns."

    @admin.display(description="Name")
    def title(self, rule: InhibitRule) -> str:
        """Its name, or something to call it by."""
        return str(rule)

    @admin.display(description="While these fire")
    def sources(self, rule: InhibitRule) -> SafeString:
        """Its source matchers."""
        return format_html("<code>{}</code>", matchers_text(rule.source_matchers, ", "))

    @admin.display(description="These are not told of")
    def targets(self, rule: InhibitRule) -> SafeString:
        """Its target matchers."""
        return format_html("<code>{}</code>", matchers_text(rule.target_matchers, ", "))

    @admin.display(description="With equal")
    def labels(self, rule: InhibitRule) -> str:
        """What both have in common."""
        return ", ".join(rule.equal) or "anything"

    @admin.display(description="State")
    def state(self, rule: InhibitRule) -> str:
        """Whether it counts."""
        return "On" if rule.enabled else "Off"

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        inhibit_rules.delete_inhibit_rule(actor_of(request), cast("InhibitRule", obj))
