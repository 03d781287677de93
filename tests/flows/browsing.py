"""The console by plain HTTP: somebody who signed in, without a browser."""

import html
import re

import requests

from tests.flows.system import WITHIN, System


class Browsing:
    """Signs in as the owner whom the first start made."""

    def __init__(self, system: System) -> None:
        self.url = system.url
        self._session = requests.Session()
        self._session.trust_env = False
        words = system.running.output
        found = re.search(r"(\S+@\S+)", words), re.search(r"[Pp]assword:?\s+(\S+)", words)
        assert all(found), words
        email, password = (one[1].strip("'\"") for one in found if one)
        asked = self._session.get(f"{self.url}/", timeout=WITHIN)
        answer = self._session.post(
            asked.url,
            {"username": email, "password": password, "next": "/"},
            headers=self._headers(),
            timeout=WITHIN,
        )
        assert answer.ok, answer.text
        assert "tocsin_session" in self._session.cookies, "not signed in"

    def read(self, path: str) -> str:
        """The page's HTML, with its characters."""
        answer = self._session.get(self.url + path, timeout=WITHIN)
        assert answer.ok, f"{path}: {answer.status_code}"
        return html.unescape(answer.text)

    def send(self, path: str, **form: str) -> str:
        """A form; the page that follows."""
        answer = self._session.post(self.url + path, form, headers=self._headers(), timeout=WITHIN)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return html.unescape(answer.text)

    def _headers(self) -> dict[str, str]:
        """Django's guard against forms of other pages."""
        return {"X-CSRFToken": self._session.cookies["tocsin_csrf"], "Referer": self.url}
