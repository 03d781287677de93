"""Our own JSON, form fields and plain text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.sources.incoming import IncomingAlert, Link, LinkKind, Source, Unparseable
from tests.alerts.sources.reading import only, read, read_file, reasons

FORM = "application/x-www-form-urlencoded"


def test_every_documented_field() -> None:
    batch = read_file("generic_full")
    assert (batch.source, batch.problems) == (Source.GENERIC, ())
    assert only(batch) == IncomingAlert(
        status="firing",
        fingerprint="backup-nas",
        name="Backup failed",
        labels={"severity": "high", "host": "nas"},
        annotations={"summary": "short"},
        summary="short",
        description="No space left\non /srv",
        links=(
            Link(LinkKind.SOURCE, "https://backup.example/run/7"),
            Link(LinkKind.OTHER, "https://backup.example/7.log"),
            Link(LinkKind.OTHER, "https://backup.example/7.csv", "Files"),
        ),
        image_url="https://backup.example/7.png",
    )


def test_a_list_keeps_its_good_items() -> None:
    batch = read_file("generic_list")
    assert [(a.status, a.name) for a in batch.alerts] == [
        ("firing", "Backup failed"),
        ("event", "Only a message"),
    ]
    assert reasons(batch) == [
        ("/2", "an alert must be an object"),
        ("/3", "title or message is required; both are missing"),
    ]


@pytest.mark.parametrize(
    ("given", "name", "description"),
    [
        ({"title": "T"}, "T", ""),
        ({"message": "M"}, "M", ""),
        ({"title": "T", "message": "M"}, "T", "M"),
        ({"title": "T", "message": "T"}, "T", ""),
        ({"message": "first\n\nsecond\nthird"}, "first", "second\nthird"),
        ({"message": "x" * 300}, "x" * 255 + "…", "x" * 300),
        ({"title": " ", "message": "M"}, "M", ""),
        ({"title": 404}, "404", ""),
        ({"name": "N", "text": "X"}, "N", "X"),
        ({"subject": "S", "body": "B"}, "S", "B"),
        ({"msg": "M"}, "M", ""),
        ({"title": "T", "name": "N"}, "T", ""),
        ({"title": "T", "annotations": {"description": "D"}}, "T", "D"),
        ({"labels": {"alertname": "A"}, "severity": "high"}, "A", ""),
    ],
)
def test_title_and_message(given: dict[str, Any], name: str, description: str) -> None:
    alert = only(read(given))
    assert (alert.name, alert.description) == (name, description)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, "event"),
        ({"status": None}, "event"),
        ({"status": "firing"}, "firing"),
        ({"status": "resolved"}, "resolved"),
        ({"state": "OK"}, "resolved"),
        ({"status": "event"}, "event"),
    ],
)
def test_without_status_it_is_an_event(given: dict[str, Any], status: str) -> None:
    assert only(read({"title": "T", **given})).status == status


def identity(ignored: tuple[str, ...] = (), **fields: Any) -> str:
    return only(read({"title": "T", **fields}, ignored=ignored)).fingerprint


def test_identity() -> None:
    assert identity(status="firing", severity="high") == identity(status="resolved")
    assert identity(message="a") == identity(message="b")
    assert identity() != identity(title="U")
    assert identity(labels={"a": "b"}) != identity()
    assert identity(labels={"a": "b"}) != identity(labels={"a": "c"})
    assert identity(labels={"a": "b", "c": "d"}) == identity(labels={"c": "d", "a": "b"})
    assert identity(("r",), labels={"a": "b", "r": "1"}) == identity(labels={"a": "b"})
    assert identity(fingerprint="disk-1", title="X") == "disk-1"
    assert len(identity(fingerprint="with spaces")) == 64
    assert identity(fingerprint=17) == "17"


def test_severity_is_a_label_but_never_overrules_one() -> None:
    assert only(read({"title": "T", "severity": 2})).labels == {"severity": "2"}
    both = {"title": "T", "severity": "low", "labels": {"severity": "high"}}
    assert only(read(both)).labels == {"severity": "high"}


def test_times_if_given() -> None:
    batch = read({"title": "T", "status": "ok", "startsAt": 1767323045, "ends_at": 1767323046})
    assert only(batch).starts_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert only(batch).ends_at == datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_bad_attachments_are_said() -> None:
    batch = read({"title": "T", "attachments": ["https://a.example/1", 5, {"name": "no URL"}]})
    assert [link.url for link in only(batch).links] == ["https://a.example/1"]
    assert reasons(batch) == [
        ("/attachments/1/url", "should be a URL; ignored"),
        ("/attachments/2", "should be a URL or an object with url; ignored"),
    ]


def test_neither_title_nor_message_is_refused() -> None:
    with pytest.raises(Unparseable) as refused:
        read({"severity": "high"})
    assert refused.value.status == 400
    assert "title or message is required" in refused.value.reason
    assert '"title"' in refused.value.fix


def test_form_fields() -> None:
    body = "title=Disk+full&status=firing&labels[host]=web%2D1&message=95+%25&url=http://h.x/1"
    alert = only(read(body, FORM))
    assert (alert.name, alert.status, alert.description) == ("Disk full", "firing", "95 %")
    assert alert.labels == {"host": "web-1"}
    assert alert.links == (Link(LinkKind.SOURCE, "http://h.x/1"),)


def test_form_labels_as_json() -> None:
    assert only(read('title=T&labels={"a":"b"}&labels[c]=d', FORM)).labels == {"a": "b", "c": "d"}


def test_a_repeated_form_field_is_said() -> None:
    batch = read("title=one&title=two", FORM)
    assert only(batch).name == "two"
    assert reasons(batch) == [("/title", "stands here more than once; the last was taken")]


def test_multipart_fields() -> None:
    lines = [
        "--frontier",
        'Content-Disposition: form-data; name="title"',
        "",
        "Größe",
        "--frontier",
        'Content-Disposition: form-data; name="file"; filename="a.png"',
        "Content-Type: image/png",
        "",
        "\x01",
        "--frontier--",
        "",
    ]
    batch = read("\r\n".join(lines), 'multipart/form-data; boundary="frontier"')
    assert only(batch).name == "Größe"
    assert reasons(batch) == [("/file", "an uploaded file was left out; give its URL instead")]


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", FORM, ""])
def test_plain_text(content_type: str) -> None:
    batch = read("Disk full on web-1\nuse = 95 %\n", content_type)
    alert = only(batch)
    assert batch.source is Source.TEXT
    assert (alert.status, alert.name) == ("event", "Disk full on web-1")
    assert alert.description == "use = 95 %"


def test_a_json_string_is_text() -> None:
    assert only(read('"Disk full"')).name == "Disk full"
