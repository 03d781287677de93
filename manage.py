#!/usr/bin/env python
"""Every command of Tocsin; `up` starts the product without loading Django itself."""

import os
import sys

from config.supervisor.up import main as up


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:2] == ["up"]:
        sys.exit(up(sys.argv[2:]))
    from django.core.management import execute_from_command_line  # noqa: PLC0415 -- `up` does without

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
