"""Go's message templates, Alertmanager's and Grafana's → drafts in our own language. Pure.

Nothing is run: lexer.py and parser.py read (text/template/parse of Go 1.22), convert.py writes.
"""
