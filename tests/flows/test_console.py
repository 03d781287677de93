"""The console tells the story of an alert, from the POST to Telegram's answer."""

from collections.abc import Callable

from alerts.models import Alert, AlertGroup, Trace
from tests.console import Person
from tests.flows.conftest import Flow


def test_the_story_of_a_post_up_to_telegrams_answer(make_flow: Callable[..., Flow]) -> None:
    flow = make_flow()
    person = Person(flow.organization)
    (channel,) = flow.channels
    labels = {"host": "db1", "path": "<b>/var</b>"}
    alert = {"title": "DiskFull", "status": "firing", "severity": "critical", "labels": labels}
    assert flow.post([alert, {"nothing": 1}]).status_code == 202
    trace = Trace.objects.get()
    page = person.read(f"/alerts/trace/{trace.pk}/change/")
    for words in ("DiskFull", "fired", channel.name, "sendMessage", "sent", "/1", "202"):
        assert words in page
    group = AlertGroup.objects.get()
    page = person.read(f"/alerts/alertgroup/{group.pk}/change/")
    for words in (
        "Opened",
        "Firing",
        "Critical",
        channel.name,
        "sendMessage",
        "DiskFull",
        "up to date",
    ):
        assert words in page
    page = person.read(f"/alerts/alert/{Alert.objects.get().pk}/change/")
    assert "host=db1" in page
    assert "&lt;b&gt;/var&lt;/b&gt;" in page
    assert f"/alerts/trace/{trace.pk}/change/" in page
