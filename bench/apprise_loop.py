"""Apprise, as a script uses it: `python -m bench.apprise_loop API-URL TOKEN CHAT SECONDS`.

One notification after the other; prints how many a second.
"""

import sys
import time

import apprise
from apprise.plugins.telegram import NotifyTelegram


def main(api_url: str, token: str, chat_id: str, seconds: float) -> float:
    """Notifications a second."""
    NotifyTelegram.notify_url = f"{api_url}/bot"  # it has no parameter for another server
    sender = apprise.Apprise()
    sender.add(f"tgram://{token}/{chat_id}/?image=no")
    started = time.monotonic()
    sent = 0
    while time.monotonic() < started + seconds:
        sent += bool(sender.notify(title=f"Disk almost full {sent}", body="5 % left on /var."))
    return sent / (time.monotonic() - started)


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
