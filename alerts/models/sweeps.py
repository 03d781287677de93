"""When we were last up."""

from django.db import models


class SweepMark(models.Model):
    """When somebody last swept, and since when there has been no gap: one row for all of us, of
    whose times only the database's clock is asked."""

    swept_at = models.DateTimeField()
    up_since = models.DateTimeField()
