"""REST: which silences a list shows."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from accounts.rest_filters import RestFilterSet
from alerts.matchers import MAX_MATCHERS, MatcherError, parse_matcher
from alerts.models import Silence
from alerts.muting.silence_rows import HasMatcher, in_state
from alerts.muting.silencing import SilenceState
from deliveries import clock


class SilenceFilter(RestFilterSet):
    """By where they stand, and by a matcher."""

    state = filters.ChoiceFilter(
        choices=[(state.value, state.value) for state in SilenceState],
        method="by_state",
        label="Where it stands now.",
    )
    matcher = filters.CharFilter(
        method="by_matcher",
        label='Has exactly this matcher, such as team="db"; several with "&matcher=".',
    )

    class Meta:
        model = Silence
        fields = ("integration",)

    def by_state(self, rows: QuerySet[Silence], name: str, value: str) -> QuerySet[Silence]:
        """As `state_at` says."""
        return rows.filter(in_state(SilenceState(value), clock.now()))

    def by_matcher(self, rows: QuerySet[Silence], name: str, value: str) -> QuerySet[Silence]:
        """Those that have every matcher named."""
        texts = self.data.getlist("matcher")
        if len(texts) > MAX_MATCHERS:
            raise serializers.ValidationError({"matcher": f"Give at most {MAX_MATCHERS} matchers."})
        try:
            wanted = [parse_matcher(text) for text in texts]
        except MatcherError as error:
            raise serializers.ValidationError({"matcher": str(error)}) from None
        for matcher in wanted:
            rows = rows.filter(HasMatcher(matcher))
        return rows
