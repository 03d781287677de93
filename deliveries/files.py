"""Files of calls: stored until sent, or made at the moment of sending by a registered maker, or
loaded then from a URL."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from accounts.models import Organization
from botapi.client import InputFile
from botapi.limits import DOCUMENT_BYTES_MAX
from deliveries import fetching
from deliveries.calls import Files
from deliveries.models import Attachment, Delivery

Maker = Callable[[UUID, str], InputFile]
"""(organization, the spec's "id") → the file. Runs outside transactions. Raises CannotMake."""

_makers: dict[str, Maker] = {}


class CannotMake(Exception):
    """The file is gone or can't be made: the call goes without it."""


class FileTooLarge(ValueError):
    """More bytes than Telegram takes from a bot."""


def register_maker(name: str, maker: Maker) -> None:
    """Have files of {"render": name, "id": …} made so; called once, from AppConfig.ready."""
    _makers[name] = maker


def store(
    organization: Organization, filename: str, content: bytes, content_type: str
) -> Attachment:
    """Keep a file until what sends it is settled. Raises FileTooLarge."""
    if len(content) > DOCUMENT_BYTES_MAX:
        raise FileTooLarge(
            f"{filename} has {len(content)} bytes; a bot may send at most {DOCUMENT_BYTES_MAX}"
        )
    return Attachment.objects.create(
        organization=organization,
        filename=filename,
        content=content,
        content_type=content_type or "application/octet-stream",
        size=len(content),
    )


def load(organization_id: UUID, files: Files) -> dict[str, InputFile]:
    """The files of a call, by parameter. Raises CannotMake."""
    links = {name: spec for name, spec in files.items() if "url" in spec}
    loaded = {
        name: _load_one(organization_id, spec) for name, spec in files.items() if name not in links
    }
    try:
        return loaded | fetching.load(links)
    except fetching.NotLoaded as error:
        raise CannotMake(str(error)) from None


def _load_one(organization_id: UUID, spec: Mapping[str, str]) -> InputFile:
    if "render" in spec:
        maker = _makers.get(spec["render"])
        if maker is None:
            raise CannotMake(f"nothing makes files called {spec['render']!r}")
        return maker(organization_id, spec["id"])
    attachment = (
        Attachment.objects.for_organization(organization_id).filter(pk=spec["attachment"]).first()
    )
    if attachment is None:
        raise CannotMake("the attached file is gone")
    return InputFile(attachment.filename, bytes(attachment.content), attachment.content_type)


def delete_settled(deliveries: Iterable[Delivery]) -> None:
    """Delete the stored files of these settled calls that no other call of the stream needs."""
    for delivery in deliveries:
        ids = _attachments(delivery.files)
        if not ids:
            continue
        others = (
            Delivery.objects.filter(stream_id=delivery.stream_id)
            .exclude(pk=delivery.pk)
            .exclude(state__in=(Delivery.State.SENT, Delivery.State.SUPERSEDED))
        )
        needed = {
            one for files in others.values_list("files", flat=True) for one in _attachments(files)
        }
        Attachment.objects.for_organization(delivery.organization_id).filter(
            pk__in=ids - needed
        ).delete()


def delete_orphans(before: datetime, chunk: int) -> int:
    """Delete up to `chunk` files stored before this time that no open call needs."""
    old = Attachment.objects.filter(created_at__lt=before).order_by("created_at")
    if not old.exists():
        return 0
    open_calls = Delivery.objects.exclude(files={}).filter(settled_at=None)
    needed = {
        one for files in open_calls.values_list("files", flat=True) for one in _attachments(files)
    }
    gone = list(old.exclude(pk__in=needed).values_list("pk", flat=True)[:chunk])
    return Attachment.objects.filter(pk__in=gone).delete()[0]


def _attachments(files: Files) -> set[str]:
    return {spec["attachment"] for spec in files.values() if "attachment" in spec}
