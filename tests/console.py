"""Signed-in browsers without a browser: Django's test client on the console."""

from typing import Any

from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from accounts import sign_in
from accounts.models import Membership, Organization, Role
from tests.factories import make_membership


class Person:
    """Somebody at the console."""

    def __init__(self, organization: Organization | None = None, role: str = Role.OWNER) -> None:
        values: dict[str, Any] = {"role": role}
        if organization is not None:
            values["organization"] = organization
        self.membership: Membership = make_membership(**values)
        self.organization = self.membership.organization
        self.client = Client()
        self.client.force_login(self.membership.user)

    def read(self, path: str, status: int = 200, **headers: str) -> str:
        """The page's HTML."""
        response = self.client.get(path, headers=headers)
        assert response.status_code == status, (path, response.status_code)
        return response.content.decode()

    def send(self, path: str, status: int = 302, *, htmx: bool = False, **form: Any) -> str:
        """The answer to a form: where it redirects to, else its HTML."""
        headers = {"HX-Request": "true"} if htmx else {}
        response = self.client.post(path, form, headers=headers)
        assert response.status_code == status, (path, response.status_code, response.content[:3000])
        return response.headers.get("Location", "") or response.content.decode()


def sent_mails() -> list[EmailMessage]:
    """What was sent, once all that was asked for is."""
    sign_in.mail.submit(int).result()
    return list(mail.outbox)
