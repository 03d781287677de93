"""What the console shows to be pasted, read from its pages as a person copies it."""

import html
import re

import requests

from tests.flows.system import WITHIN, System

_CODE = re.compile(r'<pre [^>]*id="code-([\w-]+)"[^>]*>(.*?)</pre>', re.DOTALL)
_PANEL = re.compile(r'id="panel-([\w-]+)".*?<ol[^>]*>(.*?)</ol>', re.DOTALL)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_PASSWORD = re.compile(r"[Pp]assword:?\s+(\S+)")
_STEP = re.compile(r"<li>(.*?)</li>", re.DOTALL)


class Console:
    """Somebody who signed in with the password that `up` printed."""

    def __init__(self, system: System) -> None:
        self.url = system.url
        self._session = requests.Session()
        self._session.trust_env = False
        page = self._session.get(f"{self.url}/", timeout=WITHIN)
        token = _TOKEN.search(page.text)
        assert token is not None
        password = _PASSWORD.search(system.running.output)
        assert password is not None
        form = {
            "csrfmiddlewaretoken": token[1],
            "username": system.quickstart["email"],
            "password": password[1],
            "next": "/",
        }
        answer = self._session.post(
            page.url, form, headers={"Referer": page.url, "Origin": self.url}, timeout=WITHIN
        )
        assert answer.ok
        assert "tocsin_session" in self._session.cookies

    def page(self, path: str) -> str:
        """Its HTML."""
        answer = self._session.get(f"{self.url}{path}", timeout=WITHIN)
        assert answer.ok, (path, answer.status_code)
        return answer.text

    def snippets(self, path: str) -> dict[str, str]:
        """Tab → code, to the letter."""
        found = {name: html.unescape(code) for name, code in _CODE.findall(self.page(path))}
        assert found, path
        return found

    def steps(self, path: str) -> dict[str, list[str]]:
        """Tab → what stands above its code."""
        return {
            name: [html.unescape(step) for step in _STEP.findall(steps)]
            for name, steps in _PANEL.findall(self.page(path))
        }
