"""What to paste into a job so that it pings. Pure: texts from a heartbeat's URL.

What curl is told: silent unless it fails, never longer than 10 seconds a try, tried again after a
503, a lost connection, and while nobody listens, as during a restart: after 1, 2, 4 … seconds, for
a minute in all. Of a longer time without us our sweeps know (alerts/uptime.py), and excuse pings.

Each quotes the URL by its own rules: a shell's single quotes; crontab(5), where a % ends the
command unless a backslash stands before it; PowerShell's verbatim strings (about_Quoting_Rules),
which curly quotes end as well; systemd's units, where %% and $$ stand for one (systemd.service(5),
"Command lines"; in Environment= a $ is nothing special).
"""

import re
import shlex
from typing import Final

from alerts.snippets import Snippet

CURL: Final = "curl -fsS -m 10 --retry 6 --retry-connrefused -o /dev/null"
_POWERSHELL_QUOTES: Final = re.compile(
    "['\N{LEFT SINGLE QUOTATION MARK}-\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}]"
)


def heartbeat_snippets(url: str, cron: str) -> tuple[Snippet, ...]:
    """All of them. `url`: with its slash; `cron`: the heartbeat's own times, "" where it has a
    period."""
    quoted = shlex.quote(url)
    return (
        _crontab(url, cron or "0 3 * * *"),
        _shell(url),
        Snippet(
            "wget",
            "wget",
            ("Where there is no curl, as on many small systems:",),
            f"wget -q -T 10 -t 5 -O /dev/null {quoted}\n",
            "sh",
        ),
        _powershell(url),
        _systemd(url),
    )


def _crontab(url: str, cron: str) -> Snippet:
    ping = f"{CURL} {shlex.quote(url)}".replace("%", "\\%")
    code = f"{cron} /usr/local/bin/job && {ping}\n"
    steps = (
        "Put the ping behind your command: && pings only when it succeeded.",
        (
            "When it fails the alert fires once the grace is over. To fire at once, tell its exit "
            f"code: ; {ping}$?"
        ),
    )
    return Snippet("crontab", "crontab", steps, code, "sh")


def _shell(url: str) -> Snippet:
    code = f"""\
#!/bin/sh
ping={shlex.quote(url)}
{CURL} "${{ping}}start"
output=$(/usr/local/bin/job 2>&1)
code=$?
printf %s "$output" | tail -c 10000 |
  {CURL} --data-binary @- "${{ping}}$code"
exit $code
"""
    steps = (
        "start tells when a run begins, so that one that hangs is noticed and its duration known.",
        "An exit code other than 0 fires at once; the end of the output is shown in the alert.",
    )
    return Snippet("shell", "Shell", steps, code, "sh")


def _powershell(url: str) -> Snippet:
    code = f"""\
$ping = {_powershell_quoted(url)}
try {{
    & 'C:\\job.exe'
    $why = "exit code $LASTEXITCODE"
    $says = if ($LASTEXITCODE -in 0..255) {{ $LASTEXITCODE }} else {{ 'fail' }}
}} catch {{
    $why = "$_"
    $says = 'fail'
}}
$told = @{{
    Uri = "$ping$says"; Method = 'Post'; TimeoutSec = 10
    Body = $why; ContentType = 'text/plain; charset=utf-8'
}}
foreach ($wait in 5, 10, 20, 30, 0) {{
    try {{
        Invoke-RestMethod @told | Out-Null
        break
    }} catch {{
        Start-Sleep -Seconds $wait
    }}
}}
"""
    steps = (
        (
            "For the Task Scheduler; Windows PowerShell 5.1 or newer. A program that cannot be "
            "started, and an exit code beyond 255, are told as failed."
        ),
    )
    return Snippet("powershell", "PowerShell", steps, code, "powershell")


def _powershell_quoted(text: str) -> str:
    return f"'{_POWERSHELL_QUOTES.sub(lambda found: found[0] * 2, text)}'"


def _systemd(url: str) -> Snippet:
    ended = '[ "$$EXIT_CODE" = exited ] || EXIT_STATUS=fail'
    code = f"""\
[Service]
Environment="PING={url.replace("%", "%%")}"
ExecStartPre=-/usr/bin/{CURL} ${{PING}}start
ExecStopPost=-/bin/sh -c '{ended}; {CURL} "$$PING$$EXIT_STATUS"'
"""
    steps = (
        "Put this into the service that a timer starts: systemctl edit job.service",
        "What a signal ended, or a timeout, is told as failed.",
    )
    return Snippet("systemd", "systemd", steps, code, "ini")
