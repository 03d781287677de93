"""Snippets as the program reads them that they are pasted into: cron, a shell, systemd."""

import re
import shlex
import subprocess

_CRON_FIELDS = 5
SECONDS = 60.0


def sh(code: str, *, shell: str = "sh", status: int = 0) -> str:
    """What the shell prints that runs it. Fails when it does not end with `status`."""
    done = subprocess.run(
        [shell, "-c", code], check=False, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == status, (code, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def cron(line: str, *, status: int = 0) -> str:
    """A line of a crontab, run as cron runs it (crontab(5)): behind the five times stands the
    command, up to the first % without a backslash before it; what follows would be its input."""
    assert line.endswith("\n"), "cron ignores a last line without an end"
    assert line.count("\n") == 1
    command = line.rstrip("\n").split(maxsplit=_CRON_FIELDS)[_CRON_FIELDS]
    command = re.split(r"(?<!\\)%", command)[0].replace("\\%", "%")
    return sh(command, status=status)


_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}")


def systemd(unit: str, setting: str, **given: str) -> None:
    """Runs a command of a unit as systemd does, which gives it these variables too.

    systemd.service(5), "Command lines": split and unquoted, %% is one %, $$ one $, and ${NAME} a
    variable's value within its word; systemd.exec(5): Environment= knows no $.
    """
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assignments = map(_without_specifiers, shlex.split(lines["Environment"]))
    env = dict(one.split("=", 1) for one in assignments) | {"PATH": path, **given}
    words = [
        _VARIABLE.sub(lambda found: env[found[1]] if found[1] else "$", _without_specifiers(word))
        for word in shlex.split(lines[setting].removeprefix("-"))
    ]
    done = subprocess.run(words, env=env, check=False, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, (words, done.stdout, done.stderr)


def _without_specifiers(word: str) -> str:
    assert "%" not in word.replace("%%", ""), f"a specifier in {word}"
    return word.replace("%%", "%")
