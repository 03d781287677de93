"""Templates as people write them: accepted ones, of every parse mode."""

from alerts.templating.styles import STYLES
from botapi.markup import ParseMode

HTML = """\
{{ emoji }} <b>{{ state }} {{ name }}</b> <code>{{ where }}</code>
{% macro line(a) %}
• <a href="{{ a.source_url }}">{{ a.where or a.name }}</a> = <i>{{ a.value or "?" }}</i>
{% endmacro %}
{% for a in firing %}
{{ line(a) }}{% endfor %}
{% if counts.hidden %}and {{ counts.hidden }} more{% endif %}
{% for k, v in common_labels | dictsort %}
{{ k | bold }}: <code>{{ v }}</code>
{% endfor %}
<blockquote expandable>{{ alerts[0].description or "no description" }}</blockquote>
"""
MARKDOWN = """\
{{ emoji }} *{{ state }} {{ name }}* `{{ where }}`
{% for a in alerts %}
\\- [{{ a.where or a.name }}]({{ a.runbook_url }}) ||{{ a.value }}||
>{{ a.description }}
{% endfor %}
__{{ title }}__ {{ external_url | link("source") }} _{{ duration or "open" }}_ {{ counts.total }}
```
{{ alerts | map(attribute="labels") | list | json }}
```
"""
PLAIN = """\
{{ state }} {{ title }} {{ where }}
{% for a in alerts %}
- {{ a.name }} {{ a.labels }} {{ a.annotations }} {{ a.links }}
{% endfor %}
"""
SHORT = "{{ state }} {{ title | truncate(40) }}!"
BODIES: list[tuple[str, ParseMode]] = [
    (HTML, "HTML"),
    (MARKDOWN, "MarkdownV2"),
    (PLAIN, ""),
    (SHORT, "HTML"),
    *[(style.body, style.parse_mode) for style in STYLES.values()],
]
