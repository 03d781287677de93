"""Constructs of Go's templates, by what they are called in the report. Alertmanager 0.25 knows all
of these, so that it can be asked."""

CONSTRUCTS: dict[str, str] = {
    # texts, actions, white space
    "text": "plain text { not {a tag} }} %}",
    "braces of Jinja2": "a {% b %} {# c #} {",
    "comment": "a{{/* one\ntwo */}}b",
    "comment with trim markers": "a\n{{- /* x */ -}}\nb",
    "trim before": "a \n {{- .Status }}",
    "trim after": "{{ .Status -}} \n\n b",
    "trim both": "a\n\n{{- .Status -}}\n\nb",
    "no trim without a space": "a {{-3}} b",
    "an action alone on its line": "a\n{{ if true }}\nb\n{{ end }}\nc",
    "an indented action": "a\n  {{ if true }}\n    b\n  {{ end }}\nc",
    "an indented action before words": "a\n  {{ if true }}b{{ end }}\nc",
    "two actions on a line": "a\n{{ if true }}{{ if true }}\nb\n{{ end }}{{ end }}\nc",
    "raw string": "{{ `a\\nb` }}",
    "escaped string": '{{ "a\\tb\\u00e9\\"\\x41" }}',
    "numbers": "{{ 1 }} {{ 0x1F }} {{ -2 }} {{ 1.5 }}",
    "booleans": "{{ true }} {{ false }}",
    "windows lines": "a\r\n{{ .Status }}\r\nb",
    # data
    "status": "{{ .Status }}",
    "receiver": "{{ .Receiver }}",
    "external URL": "{{ .ExternalURL }}",
    "group label": "{{ .GroupLabels.alertname }}",
    "common label": "{{ .CommonLabels.severity }}",
    "common annotation": "{{ .CommonAnnotations.runbook_url }}",
    "a label that is missing": "[{{ .CommonLabels.nothing }}]",
    "length of alerts": "{{ len .Alerts }} {{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }}",
    "length of labels": "{{ len .CommonLabels }} {{ len .GroupLabels }}",
    "length of a text": '{{ len "abc" }}',
    # alerts
    "fields of an alert": "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }} "
    "{{ .Annotations.summary }} {{ .Fingerprint }} {{ .GeneratorURL }}\n{{ end }}",
    "start": "{{ range .Alerts }}{{ .StartsAt }}{{ end }}",
    "end": "{{ range .Alerts.Resolved }}{{ .EndsAt }}{{ end }}",
    "formatted time": '{{ (index .Alerts 0).StartsAt.Format "2006-01-02 15:04:05 MST" }}',
    "formatted time with words": "{{ (index .Alerts 0).StartsAt.Format "
    '"Monday, Mon, January, Jan, 02, 2, _2, 03, 3, 04, 05, 06, PM, 1 -0700" }}',
    "Unix time": "{{ (index .Alerts 0).StartsAt.Unix }}",
    "UTC": '{{ (index .Alerts 0).StartsAt.UTC.Format "15:04" }}',
    "zero time": "{{ range .Alerts }}{{ .EndsAt.IsZero }} {{ end }}",
    # range
    "range with trim markers": "{{ range .Alerts -}}\n- {{ .Labels.instance }}\n{{ end -}}\nend",
    "range of firing and resolved": "{{ range .Alerts.Firing }}F{{ .Labels.instance }}{{ end }}"
    "{{ range .Alerts.Resolved }}R{{ .Labels.instance }}{{ end }}",
    "range with index": "{{ range $i, $a := .Alerts }}{{ $i }}={{ $a.Labels.instance }} {{ end }}",
    "index in an inner loop": "{{ range $i, $a := .Alerts }}{{ range $n, $v := .Labels }}{{ $i }}"
    "{{ $n }} {{ end }}{{ end }}",
    "range with one variable": "{{ range $a := .Alerts }}{{ $a.Status }}{{ .Status }} {{ end }}",
    "comma between": "{{ range $i, $a := .Alerts }}{{ if $i }}, {{ end }}{{ .Labels.instance }}"
    "{{ end }}",
    "range with else": "{{ range .Alerts.Resolved }}{{ .Status }}{{ else }}none{{ end }}"
    "{{ range .CommonLabels.Remove .CommonLabels.Names }}x{{ else }}none{{ end }}",
    "range over labels": "{{ range $k, $v := .CommonLabels }}{{ $k }}={{ $v }};{{ end }}",
    "range over values of labels": "{{ range .CommonLabels }}{{ . }};{{ end }}",
    "range over texts": '{{ range stringSlice "a" "b" }}<{{ . }}>{{ end }}',
    "dollar in a loop": "{{ range .Alerts }}{{ $.Status }}/{{ .Status }} {{ end }}",
    # labels
    "sorted pairs": "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }}\n{{ end }}",
    "sorted pairs with variables": "{{ range $i, $p := .CommonLabels.SortedPairs }}{{ $i }}"
    "{{ $p.Name }}={{ $p.Value }} {{ end }}",
    "names": '{{ .CommonLabels.Names | join "," }}',
    "values": '{{ .CommonLabels.Values | join "," }}',
    "names of sorted pairs": '{{ .CommonLabels.SortedPairs.Names | join "," }}',
    "values of sorted pairs": '{{ .CommonLabels.SortedPairs.Values | join "," }}',
    "a list as a whole": "{{ .CommonLabels.Names }}",
    "remove": '{{ (.CommonLabels.Remove (stringSlice "job" "nothing")).Names | join "," }}',
    "remove the names of others": "{{ with .CommonLabels.Remove .GroupLabels.Names }}"
    '{{ .Values | join " " }}{{ end }}',
    "remove, then pairs": '{{ range (.CommonLabels.Remove (stringSlice "job")).SortedPairs }}'
    "{{ .Name }} {{ end }}",
    # choices
    "if": "{{ if .CommonLabels.severity }}yes{{ end }}{{ if .CommonLabels.nothing }}no{{ end }}",
    "if and else": "{{ if .CommonLabels.nothing }}yes{{ else }}no{{ end }}",
    "else if": '{{ range .Alerts }}{{ if eq .Status "resolved" }}ok{{ else if .Labels.team }}'
    "team{{ else }}none{{ end }} {{ end }}",
    "if on lines": '{{ range .Alerts }}\n{{ if eq .Status "firing" }}\n🔥\n{{ else }}\n✅\n'
    "{{ end }}\n{{ end }}",
    "with": "{{ with .CommonLabels.severity }}[{{ . }}]{{ end }}",
    "with and else": "{{ with .CommonLabels.nothing }}[{{ . }}]{{ else }}{{ .Status }}{{ end }}",
    "with a variable": "{{ with $s := .CommonLabels.severity }}{{ $s }}{{ . }}{{ end }}",
    "with of a pipeline": "{{ with .Status | toUpper }}{{ . }}{{ . }}{{ end }}",
    # variables
    "variable": "{{ $s := .CommonLabels.severity }}{{ $s }}{{ $s }}",
    "variable called as a name of ours": "{{ $name := .Status }}{{ $name }}",
    "variable set anew in a choice": '{{ $e := "a" }}{{ if true }}{{ $e = "b" }}{{ end }}{{ $e }}',
    "variable set anew in a loop": "{{ $n := 0 }}{{ range .Alerts }}{{ $n = len .Labels }}{{ end }}"
    "{{ $n }}",
    "variable of an inner block": "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}"
    "{{ $x }}",
    "first turn": "{{ $first := true }}{{ range .Alerts }}{{ if $first }}{{ $first = false }}"
    "{{ else }}, {{ end }}{{ .Labels.instance }}{{ end }}",
    # functions
    "eq": '{{ eq .Status "firing" }} {{ eq 1 2 }} {{ eq .CommonLabels.nothing "" }}',
    "eq with several": '{{ eq .Status "x" "firing" }}',
    "ne": '{{ ne .Status "firing" }} {{ ne .CommonLabels.nothing "" }}',
    "lt, le, gt, ge": "{{ lt 1 2 }} {{ le 2 2 }} {{ gt (len .Alerts) 2 }} {{ ge 1 2 }}",
    "and, or, not": "{{ and true false }} {{ or false true }} {{ not true }}",
    "or for a default": '{{ or .CommonLabels.nothing "none" }}',
    "and of conditions": '{{ if and (eq .Status "firing") (or .CommonLabels.job false) '
    "(not .CommonLabels.nothing) }}yes{{ end }}",
    "index of labels": '{{ index .CommonLabels "severity" }}',
    "index of alerts": "{{ (index .Alerts 0).Labels.instance }}",
    "index, then a label": '{{ index (index .Alerts 1).Labels "instance" }}',
    "index of texts": '{{ index (stringSlice "a" "b") 1 }}',
    "slice": '{{ slice "abcdef" 1 3 }}{{ slice "abcdef" 4 }}',
    "toUpper": "{{ .Status | toUpper }}{{ toUpper .Status }}",
    "toLower": '{{ "ABC" | toLower }}',
    "title": "{{ .Status | title }}",
    "join": '{{ stringSlice "a" "b" | join ", " }}{{ join "-" (stringSlice "c" "d") }}',
    "match": '{{ match "^web-[0-9]+" (index .Alerts 0).Labels.instance }} {{ match "x$" "y" }}',
    "reReplaceAll": '{{ reReplaceAll "(.*):\\\\d+" "<$1>" (index .Alerts 0).Labels.instance }}',
    "reReplaceAll in a pipeline": '{{ .Status | reReplaceAll "i(r)" "[${1}]" }}',
    "safeHtml": '{{ "x" | safeHtml }}',
    "print": "{{ print .Status 1 2 .Receiver }}",
    "println": '{{ println .Status "x" }}.',
    "printf %s and %d": '{{ printf "%s: %d of %v" .Status (len .Alerts.Firing) (len .Alerts) }}',
    "printf %q": '{{ printf "%q" .Status }}',
    "printf %%": '{{ printf "100%%" }}',
    "printf in a pipeline": '{{ .Status | printf "<%s>" | toUpper }}',
    "urlquery": "{{ .ExternalURL | urlquery }}",
    "a long pipeline": '{{ .CommonLabels.SortedPairs.Values | join " " | toUpper | title }}',
    # templates
    "define and template": '{{ define "x" }}[{{ .Status }}]{{ end }}{{ template "x" . }}',
    "template with an alert": '{{ define "x" }}[{{ .Labels.instance }}]{{ end }}'
    '{{ range .Alerts }}{{ template "x" . }}{{ end }}',
    "template with a text": '{{ define "x" }}[{{ . }}]{{ end }}{{ template "x" .Status }}'
    '{{ template "x" "b" }}',
    "template twice": '{{ define "x" }}{{ range . }}\n{{ .Labels.instance }}{{ end }}\n{{ end }}'
    'A\n{{ template "x" .Alerts.Firing }}B\n{{ template "x" .Alerts.Resolved }}',
    "template with pairs": '{{ define "x" }}{{ .Name }}:{{ .Value }} {{ end }}'
    '{{ range .CommonLabels.SortedPairs }}{{ template "x" . }}{{ end }}'
    '{{ range .GroupLabels.SortedPairs }}{{ template "x" . }}{{ end }}',
    "templates in templates": '{{ define "a" }}<{{ . }}>{{ end }}{{ define "b" }}{{ template "a" '
    '.Status }}{{ template "a" .Receiver }}{{ end }}{{ template "b" . }}',
    "dollar in a template": '{{ define "x" }}{{ range .Labels }}{{ $.Status }} {{ end }}{{ end }}'
    '{{ range .Alerts }}{{ template "x" . }}{{ end }}',
    "block": '{{ block "x" . }}[{{ .Status }}]{{ end }}',
    "define after its use": '{{ template "x" . }}{{ define "x" }}y{{ end }}',
    # what Alertmanager brings along
    "telegram.default.message": '{{ template "telegram.default.message" . }}',
    "__subject": '{{ template "__subject" . }}',
    "__text_alert_list": '{{ template "__text_alert_list" .Alerts }}',
    "__description": 'a{{ template "__description" . }}b',
    "__alertmanager": '{{ template "__alertmanager" . }}',
    "__alertmanagerURL": '{{ template "__alertmanagerURL" . }}',
    # as people write them
    "a message from the field": """\
{{- if gt (len .Alerts.Firing) 0 }}
🔥 <b>FIRING</b> ({{ .Alerts.Firing | len }})
{{- range .Alerts.Firing }}
<b>{{ .Labels.alertname }}</b> {{ if .Labels.team }}@{{ .Labels.team }}{{ end }}
{{ .Annotations.summary }}
  {{- range .Labels.SortedPairs }}
  {{- if not (match "^(alertname|job)$" .Name) }}
  • {{ .Name }}: <code>{{ .Value }}</code>
  {{- end }}
  {{- end }}
Since {{ .StartsAt.Format "02.01.2006 15:04:05" }}
{{- end }}
{{- end }}
{{- if gt (len .Alerts.Resolved) 0 }}
✅ <b>RESOLVED</b> ({{ .Alerts.Resolved | len }})
{{- range .Alerts.Resolved }}
<b>{{ .Labels.alertname }}</b>: {{ .EndsAt.Format "15:04:05" }}
{{- end }}
{{- end }}
""",
    "another message from the field": """\
{{ define "telegram.list" }}
{{ range . }}
---
🪪 <b>{{ .Labels.alertname }}</b>
{{- if eq .Labels.severity "critical" }}
🚨 CRITICAL
{{- else if eq .Labels.severity "warning" }}
⚠️ WARNING
{{- end }}
{{- if .Annotations.description }}
📝 {{ .Annotations.description }}{{ end }}
🏷 Labels:
{{ range .Labels.SortedPairs }}  <i>{{ .Name }}</i>: <code>{{ .Value }}</code>
{{ end }}{{ end }}
{{ end }}
{{ define "telegram.message" }}
{{ if gt (len .Alerts.Firing) 0 }}
🔥 Alerts Firing 🔥
{{ template "telegram.list" .Alerts.Firing }}
{{ end }}
{{ if gt (len .Alerts.Resolved) 0 }}
✅ Alerts Resolved ✅
{{ template "telegram.list" .Alerts.Resolved }}
{{ end }}
{{ end }}{{ template "telegram.message" . }}""",
}
