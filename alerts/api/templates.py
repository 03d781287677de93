"""REST: message templates and their preview."""

from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Capability
from accounts.rest import OrganizationRows, ReadViewSet, conflicts, refusals
from accounts.rest_serializers import Strict, StrictModelSerializer
from alerts.group_views import organization_view
from alerts.importing.go_template.parser import SOURCE_MAX
from alerts.message_templates import changes as templates
from alerts.message_templates.importing import ImportRefused, imported
from alerts.message_templates.preview import Preview, group_of, offer_in, preview
from alerts.models import AlertGroup, MessageTemplate
from alerts.templating.faults import TemplateFault
from alerts.templating.program import BODY_MAX
from alerts.templating.samples import SAMPLES
from alerts.templating.styles import STYLES
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel

_PARSE_MODES = MessageTemplate.ParseMode.choices


def body_field(**options: Any) -> serializers.CharField:
    """A template's text, with the white space that its author wrote."""
    return serializers.CharField(
        trim_whitespace=False, max_length=BODY_MAX, help_text="Jinja2; see the guide.", **options
    )


class ChoosingChannels(OrganizationRows):
    """The channels that tell by it."""

    def to_representation(self, data: Any) -> list[Any]:
        """Their IDs, through their choices."""
        return [str(choice.channel_id) for choice in data.all()]


class TemplateSerializer(StrictModelSerializer[MessageTemplate]):
    """What channels and routes say of a group, in words of your own."""

    parse_mode = serializers.ChoiceField(
        choices=_PARSE_MODES,
        required=False,
        default=MessageTemplate.ParseMode.HTML,
        help_text="In which markup it is written; empty: plain text.",
    )
    body = body_field()
    channels = ChoosingChannels(
        NotificationChannel,
        required=False,
        source="channel_choices",
        help_text="IDs of the channels that tell by it; one that had another template leaves that.",
    )
    routes = serializers.SerializerMethodField(
        help_text="IDs of the routes that tell by it, before their channels' own."
    )
    failed_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="When it last failed; the alert was told in the usual way.",
    )
    fault = serializers.CharField(read_only=True, help_text="Why.")

    class Meta:
        model = MessageTemplate
        fields = (
            "id",
            "name",
            "parse_mode",
            "body",
            "channels",
            "routes",
            "failed_at",
            "fault",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("created_at", "updated_at")

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_routes(self, row: MessageTemplate) -> list[str]:
        """Their IDs."""
        return [str(route.pk) for route in row.routes.all()]


class PreviewRequest(Strict):
    """A template, and what it is to tell."""

    body = body_field(allow_blank=True)
    parse_mode = serializers.ChoiceField(
        choices=_PARSE_MODES, required=False, default=MessageTemplate.ParseMode.HTML
    )
    sample = serializers.ChoiceField(
        choices=[(name, name) for name in SAMPLES], required=False, default="several"
    )
    group = serializers.UUIDField(required=False, help_text="In place of a sample: a stored group.")
    caption = serializers.BooleanField(
        required=False, default=False, help_text="As the caption of a picture, which is shorter."
    )


class EntitySerializer(serializers.Serializer[Any]):
    """The Bot API's MessageEntity; offset and length in UTF-16 code units."""

    type = serializers.CharField()
    offset = serializers.IntegerField()
    length = serializers.IntegerField()
    url = serializers.CharField(required=False)
    language = serializers.CharField(required=False)


class FaultSerializer(serializers.Serializer[TemplateFault]):
    """What is wrong, and where in the body."""

    detail = serializers.CharField(source="reason")
    kind = serializers.CharField(help_text="syntax, denied, limit, value or markup.")
    line = serializers.IntegerField(source="place.line", allow_null=True)
    column = serializers.IntegerField(source="place.column", allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """What Telegram would show. With a fault there is no text."""

    text = serializers.CharField(help_text="Without markup.")
    entities = EntitySerializer(many=True)
    length = serializers.SerializerMethodField(help_text="Of the text, in characters.")
    markup = serializers.CharField(help_text="What would be sent.")
    is_shortened = serializers.BooleanField(help_text="Whether a document would tell the rest.")
    buttons = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What the buttons below it say, row by row, as in the organization's first "
        "channel that has some. No template changes them.",
    )
    faults = FaultSerializer(many=True)

    def get_length(self, row: Preview) -> int:
        """Code points, as Telegram counts them."""
        return len(row.text)


class ImportRequest(Strict):
    """A Go template, and what its draft is to tell."""

    text = serializers.CharField(
        trim_whitespace=False,
        max_length=SOURCE_MAX,
        help_text="A message of `telegram_configs`, or a .tmpl file with its definitions.",
    )
    name = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="Which definition; without it what stands outside of them, else the last one "
        "that no other calls.",
    )
    parse_mode = serializers.ChoiceField(
        choices=_PARSE_MODES, required=False, default=MessageTemplate.ParseMode.HTML
    )
    sample = serializers.ChoiceField(
        choices=[(name, name) for name in SAMPLES], required=False, default="several"
    )


class NoteSerializer(serializers.Serializer[Any]):
    """What the draft lacks, or tells otherwise."""

    kind = serializers.CharField(
        help_text="lost: a comment stands at its place in the draft; differs: it is told otherwise."
    )
    line = serializers.IntegerField(
        help_text="In the Go template, from 1; 0: of the draft as a whole."
    )
    column = serializers.IntegerField()
    original = serializers.CharField()
    detail = serializers.CharField(source="text", help_text="What to do, or to expect.")


class ImportSerializer(serializers.Serializer[Any]):
    """A draft, beside what is told without one."""

    body = serializers.CharField(source="draft.body", help_text="To be stored as a template.")
    notes = NoteSerializer(source="draft.notes", many=True)
    preview = PreviewSerializer(help_text="Of the draft.")
    usual = PreviewSerializer(help_text="The same alerts without a template.")


class StyleSerializer(serializers.Serializer[Any]):
    """A template of ours, to begin with."""

    name = serializers.CharField()
    about = serializers.CharField()
    parse_mode = serializers.CharField()
    body = serializers.CharField()


@extend_schema_view(
    list=extend_schema(summary="List templates"),
    retrieve=extend_schema(summary="Show a template"),
    create=extend_schema(
        summary="Add a template",
        description="It is stored only when it can tell every sample, and Telegram takes what it "
        "says.",
        examples=[
            OpenApiExample(
                "One line",
                {
                    "name": "Short",
                    "body": "{{ emoji }} <b>{{ name }}</b> {{ where }}",
                    "channels": ["0190a000-0000-7000-8000-000000000000"],
                },
                request_only=True,
            )
        ],
    ),
    partial_update=extend_schema(
        summary="Change a template",
        description="What is shown already changes with the next change of its group.",
    ),
    destroy=extend_schema(
        summary="Remove a template", description="409 while a channel or a route tells by it."
    ),
)
class TemplateViewSet(ReadViewSet[MessageTemplate]):
    """Jinja2 templates for what channels and routes say of a group."""

    model = MessageTemplate
    capabilities: ClassVar[dict[str, Capability]] = {
        "import_go": Capability.VIEW,
        "preview": Capability.VIEW,
    }
    serializer_class = TemplateSerializer
    search_fields = ("name",)

    def with_related(self, rows: QuerySet[MessageTemplate]) -> QuerySet[MessageTemplate]:
        """Who tells by them."""
        return rows.prefetch_related("channel_choices", "routes")

    def create(self, request: Request) -> Response:
        """Add."""
        values = _named(self.body())
        with refusals(templates.TemplateRefused):
            template = templates.create_template(self.actor, self.organization, **values)
        return self.created(template)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what the body names."""
        template = self.get_object()
        values = _named(self.body(template))
        with refusals(templates.TemplateRefused):
            templates.change_template(self.actor, template, **values)
        return self.shown(self.get_object())

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove."""
        template = self.get_object()
        with conflicts(templates.TemplateRefused):
            templates.delete_template(self.actor, template)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="See what a template would show",
        description="The same rendering as delivery's, read by Telegram's own parser. Nothing is "
        "stored, and nothing is sent.",
        request=PreviewRequest,
        responses=PreviewSerializer,
        examples=[
            OpenApiExample(
                "Of a sample",
                {"body": "<b>{{ name }}</b> {{ where }}", "sample": "several"},
                request_only=True,
            )
        ],
    )
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """Of a sample, or of a stored group."""
        values = self.body(serializer=PreviewRequest)
        group = values.get("group") and self.own_or_400(AlertGroup, "group", values["group"])
        parse_mode = cast("ParseMode", values["parse_mode"])
        channel = organization_view(self.organization, parse_mode)
        told = group_of(self.organization, values["sample"], group, channel.zone)
        shown = preview(
            values["body"],
            parse_mode,
            told,
            channel,
            caption=values["caption"],
            offer=offer_in(self.organization),
        )
        return Response(PreviewSerializer(shown).data)

    @extend_schema(
        summary="Convert a Go template",
        description="A draft in our language of a message template of Alertmanager or Grafana, "
        "with what could not be converted. Nothing is stored.",
        request=ImportRequest,
        responses=ImportSerializer,
        examples=[
            OpenApiExample(
                "A message of Alertmanager",
                {"text": "{{ range .Alerts }}<b>{{ .Labels.alertname }}</b>\n{{ end }}"},
                request_only=True,
            )
        ],
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="import",
        filter_backends=[],
        pagination_class=None,
    )
    def import_go(self, request: Request) -> Response:
        """Of Alertmanager's or Grafana's."""
        values = self.body(serializer=ImportRequest)
        parse_mode = cast("ParseMode", values["parse_mode"])
        channel = organization_view(self.organization, parse_mode)
        with refusals(ImportRefused):
            found = imported(values["text"], values["name"], SAMPLES[values["sample"]], channel)
        return Response(ImportSerializer(found).data)

    @extend_schema(summary="List the styles to begin with", responses=StyleSerializer(many=True))
    @action(detail=False, filter_backends=[], pagination_class=None)
    def styles(self, request: Request) -> Response:
        """Templates of ours, to copy and change."""
        return Response(StyleSerializer(list(STYLES.values()), many=True).data)


def _named(values: dict[str, Any]) -> dict[str, Any]:
    if "channel_choices" in values:
        values["channels"] = values.pop("channel_choices")
    return values
