"""A configuration as a current Alertmanager runs with, imported whole: the file and the report."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from alerts.provisioning.document import read_document
from tests.factories import make_organization, make_token

GOLDEN = Path(__file__).parent / "golden"


def test_the_file_and_the_report() -> None:
    out, report = StringIO(), StringIO()
    call_command("import_alertmanager", str(GOLDEN / "alertmanager.yml"), stdout=out, stderr=report)
    assert report.getvalue() == (GOLDEN / "report.txt").read_text()
    assert out.getvalue() == (GOLDEN / "tocsin.yml").read_text()
    read_document(out.getvalue())


@pytest.mark.django_db
def test_the_file_is_taken_and_then_says_what_there_is(tmp_path: Path) -> None:
    text = (GOLDEN / "alertmanager.yml").read_text()
    kept = {
        "telegram-bot": make_token(123451),
        "on-call-bot": make_token(123452),
        "on-call-chat": "-77\n",
    }
    for name, value in kept.items():
        (tmp_path / name).write_text(value)
    path = tmp_path / "alertmanager.yml"
    path.write_text(text.replace("/run/secrets", str(tmp_path)))
    organization = make_organization()
    for done in ("+ bot", "Nothing to do."):
        out = StringIO()
        call_command(
            "import_alertmanager",
            str(path),
            "--into",
            organization.slug,
            stdout=out,
            stderr=StringIO(),
        )
        assert out.getvalue().startswith(done)
    out = StringIO()
    call_command("export_settings", organization.slug, stdout=out)
    assert "chat_id: -77\n" in out.getvalue()
    assert "message_thread_id: 4\n" in out.getvalue()
