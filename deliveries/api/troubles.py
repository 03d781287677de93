"""REST: troubles, what keeps alerts from arriving."""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.rest import ReadViewSet
from accounts.rest_filters import RestFilterSet, TrueOrFalse
from deliveries import trouble_rules
from deliveries.models import Trouble


class TroubleSerializer(serializers.ModelSerializer[Trouble]):
    """One trouble."""

    title = serializers.SerializerMethodField(help_text="What is wrong, in words.")

    class Meta:
        model = Trouble
        fields = (
            "id",
            "kind",
            "subject",
            "name",
            "title",
            "said",
            "advice",
            "number",
            "opened_at",
            "again_at",
            "told_at",
            "times_told",
            "recovered_at",
        )
        read_only_fields = fields

    def get_title(self, trouble: Trouble) -> str:
        """The first line of the mail about it."""
        return trouble_rules.title(trouble)


class TroubleFilter(RestFilterSet):
    """By kind, and whether it is over."""

    open = TrueOrFalse(field_name="recovered_at", lookup_expr="isnull")

    class Meta:
        model = Trouble
        fields = ("kind",)


@extend_schema_view(
    list=extend_schema(summary="List troubles"),
    retrieve=extend_schema(summary="Show a trouble"),
)
class TroubleViewSet(ReadViewSet[Trouble]):
    """What keeps alerts from arriving, since when, and when the admins were told."""

    model = Trouble
    serializer_class = TroubleSerializer
    filterset_class = TroubleFilter
    ordering_fields = ("opened_at",)

    def with_related(self, rows: QuerySet[Trouble]) -> QuerySet[Trouble]:
        """Those that are worth a word, as on the console."""
        return rows.exclude(told_at=None, tell_at__gt=timezone.now())
