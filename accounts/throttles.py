"""REST: each API key has its share of requests a minute."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.authentication import Grant
from accounts.rates import RateCounter

if TYPE_CHECKING:  # DRF imports this module while it imports its views
    from rest_framework.views import APIView

counter = RateCounter(settings.REDIS_URL)


class KeyThrottle(BaseThrottle):
    """API_REQUESTS_PER_MINUTE for each key, all processes together."""

    seconds = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Unauthenticated requests are refused elsewhere."""
        if not isinstance(request.auth, Grant):
            return True
        self.seconds = counter.hit(f"api:{request.auth.key.pk}", settings.API_REQUESTS_PER_MINUTE)
        return self.seconds == 0

    def wait(self) -> float:
        """Seconds for `Retry-After`."""
        return float(self.seconds)
