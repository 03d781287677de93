"""Styles to begin with: templates of ours that people copy and change."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from botapi.markup import ParseMode


@dataclass(frozen=True, slots=True)
class Style:
    """A template of ours. `name` and `about` are for people."""

    name: str
    about: str
    body: str
    parse_mode: ParseMode = "HTML"


_COMPACT = """\
{{ emoji }} <b>{{ name }}</b>
{%- if where %} · <code>{{ where }}</code>{% endif %}
{%- if counts.total > 1 %} ({{ counts.total }}){% endif %}
{% if acknowledged_by %}
👤 {{ acknowledged_by }}
{% endif %}
"""
_DETAILED = """\
{% macro line(a) %}
• {{ a.emoji }} <code>{{ a.where or a.name }}</code>
{%- if a.value %} = {{ a.value | truncate(60) }}{% endif %}
{%- if a.status == "resolved" and a.duration %} · after {{ a.duration }}{% endif %}
{% endmacro %}
{{ emoji }} <b>{{ [state, severity, name] | reject("empty") | join(" · ") }}</b>
{%- if where %} · <code>{{ where }}</code>{% endif %}
{%- if counts.total > 1 %} ({{ counts.total }}){% endif %}
{% set first = alerts | first %}
{% if first.summary and first.summary != name %}
{{ first.summary | truncate(240) }}
{% endif %}
{% if first.description and counts.total == 1 %}
{{ first.description | truncate(1500) }}
{% endif %}
{% if status == "resolved" and duration %}
Over after {{ duration }}
{% elif status != "event" %}
Since {{ opened_at | time }}
{% endif %}
{% for label, value in common_labels | without("alertname", "severity") | dictsort %}
{{ label }}=<code>{{ value | truncate(60) }}</code>{{ " " if not loop.last else "\n" }}
{%- endfor %}
{% if counts.total > 1 %}
{% for a in alerts %}
{{ line(a) }}
{%- endfor %}
{% endif %}
{% if counts.hidden or truncated %}
and {{ counts.hidden + truncated }} more
{% endif %}
{% if acknowledged_by %}
👤 Acknowledged by {{ acknowledged_by }}, {{ acknowledged_at | time }}
{% endif %}
{% if silenced_note %}
🔕 {{ silenced_note }}
{% endif %}
{% if is_flapping %}
〰️ It flaps.
{% endif %}
"""
_ON_CALL = """\
{{ emoji }} <b>{{ [severity | upper, name] | reject("empty") | join(": ") }}</b>
{% if status == "firing" %}
<b>{{ counts.firing }} firing</b>
{%- if counts.resolved %}, {{ counts.resolved }} resolved{% endif %} since {{ opened_at | time }}
{% elif status == "resolved" %}
<b>Over</b>{% if duration %} after {{ duration }}{% endif %}
{% endif %}
{% if acknowledged_by %}
👤 <b>{{ acknowledged_by }}</b> is on it
{% elif status == "firing" %}
👤 nobody is on it yet
{% endif %}

{% for a in firing %}
• <code>{{ a.where or a.name }}</code>{% if a.summary %} {{ a.summary | truncate(120) }}{% endif %}
{% endfor %}
{% if counts.hidden or truncated %}
and {{ counts.hidden + truncated }} more
{% endif %}
{% set runbooks = alerts | map(attribute="runbook_url") | reject("empty") | unique | list %}
{% for url in runbooks[:3] %}
📖 {{ url | link("Runbook") }}
{% endfor %}
"""
STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "compact": Style("Compact", "One line: what, where, how many.", _COMPACT),
        "detailed": Style(
            "Detailed", "What the alerts share, then a line each; much like no template.", _DETAILED
        ),
        "on-call": Style(
            "On-call", "How many fire, who is on it, where, and the runbooks.", _ON_CALL
        ),
    }
)
"""By what the API and the console call them."""
