"""A message or a change as somebody asks for it, checked against all that Telegram is known to
refuse. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from botapi import limits
from botapi.entities import ParseError, as_sent
from botapi.outbound import FetchFailed, host_of
from botapi.reply_markups import markup_faults
from botapi.spec import Fault, fields_of, object_faults
from deliveries.kinds import (
    CAPTION,
    FILES,
    IN_MEDIA,
    OPTION,
    THUMBNAIL,
    WITHHELD,
    Circumstances,
    FileRule,
    Kind,
    TextRule,
)
from deliveries.uploads import Upload, upload_faults

FILE_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,255}")
"""Opaque, but never with a dot: the server would take it for a URL."""
ATTACHED: Final = "attach://"
URL_MAX: Final = 2048
NO_THUMBNAIL: Final = "Only a file that is uploaded or loaded from a URL takes a thumbnail."


@dataclass(frozen=True, slots=True)
class Link:
    """A file to be loaded when it is sent: from where, and by which rule of FILES."""

    url: str
    rule: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked message or change. `files`: by the name of the part that will carry it."""

    kind: Kind
    params: Mapping[str, Any]
    files: Mapping[str, Upload | Link] = field(default_factory=dict)
    plain_text: str = ""


class DraftRefused(Exception):
    """Telegram would refuse this; each fault says where, why, and what to do instead."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{'/'.join(one.path)}: {one.words}" for one in faults))
        self.faults = list(faults)


def draft(
    kind: Kind, given: Mapping[str, Any], uploads: Mapping[str, Upload], about: Circumstances
) -> Draft:
    """`given` are the method's parameters, `uploads` the files beside them. Raises DraftRefused."""
    own = {rule.name for rule in kind.files}
    shaped = {**given, **{name: "" for name in uploads if name in own}}
    faults = list(object_faults(kind.method, shaped, {**WITHHELD, **kind.withheld}))
    if kind.method not in IN_MEDIA:
        faults += [_no_file(name) for name in uploads if name not in own]
    if faults:
        raise DraftRefused(faults)  # what follows goes by the right shapes
    builder = _Builder(kind, uploads, dict(given))
    builder.fill()
    faults = builder.faults + [one for rule in kind.rules for one in rule(given, about)]
    if "reply_markup" in given:
        markup = markup_faults(given["reply_markup"], about.chat_type)
        faults += [one.below("reply_markup") for one in markup]
    if faults:
        raise DraftRefused(faults)
    return Draft(kind, builder.params, builder.files, builder.plain_text)


def _no_file(name: str) -> Fault:
    close = get_close_matches(name, FILES, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Leave it out."
    return Fault((name,), f"No file of this name is expected here. {hint}", "unknown")


@dataclass(slots=True)
class _Builder:
    """Goes through files and texts; `params` and `files` become those of the call."""

    kind: Kind
    uploads: Mapping[str, Upload]
    params: dict[str, Any]
    files: dict[str, Upload | Link] = field(default_factory=dict)
    plain_text: str = ""
    faults: list[Fault] = field(default_factory=list)
    attached: set[str] = field(default_factory=set)

    def fill(self) -> None:
        """Fill them, and note what is wrong."""
        for file_rule in self.kind.files:
            self._file(file_rule)
        if self.kind.method in IN_MEDIA:
            self._media()
        for rule in self.kind.texts:
            visible = self._text(rule, self.params)
            if rule.name in {"text", "caption"}:
                self.plain_text = visible
        if self.kind.method == "sendPoll":
            options = [dict(option) for option in self.params["options"]]
            for number, option in enumerate(options):
                self._text(OPTION, option, "options", str(number))
            self.params["options"] = options

    def _file(self, rule: FileRule) -> None:
        upload = self.uploads.get(rule.name)
        if upload is not None:
            self.params.pop(rule.name, None)
            self._attach(rule.name, rule, upload, rule.name)
        elif rule.name in self.params and self._is_link(rule, self.params[rule.name], rule.name):
            self.files[rule.name] = Link(self.params.pop(rule.name), rule.name)
        if rule is THUMBNAIL and rule.name in self.files and len(self.files) == 1:
            self.faults.append(Fault(("thumbnail",), NO_THUMBNAIL))

    def _media(self) -> None:
        """One InputMedia, or those of an album."""
        media = self.params["media"]
        if isinstance(media, Mapping):
            self.params["media"], self.plain_text = self._item(media, "url", "media")
        else:
            places = [("media", str(number)) for number in range(len(media))]
            items = [
                self._item(item, f"url{place[-1]}", *place)
                for item, place in zip(media, places, strict=True)
            ]
            self.params["media"] = [item for item, _ in items]
            texts = filter(None, (text for _, text in items))
            self.plain_text = "\n".join(texts)[: limits.MESSAGE_TEXT_MAX]
        self.faults += [_no_file(name) for name in self.uploads if name not in self.attached]

    def _item(self, item: Mapping[str, Any], part: str, *place: str) -> tuple[dict[str, Any], str]:
        """An InputMedia as it is sent, and its visible caption. `part`: will carry what is loaded
        from a URL."""
        changed = dict(item)
        rule, source = FILES[item["type"]], str(item["media"])
        while part in self.uploads:
            part += "_"
        is_file = self._is_attached(rule, source, *place, "media")
        if not is_file and self._is_link(rule, source, *place, "media"):
            self.files[part] = Link(source, rule.name)
            changed["media"] = f"{ATTACHED}{part}"
            is_file = True
        if "thumbnail" in item:
            self._thumbnail(str(item["thumbnail"]), is_file, *place, "thumbnail")
        return changed, self._text(CAPTION, changed, *place)

    def _thumbnail(self, source: str, is_file: bool, *place: str) -> None:
        if not is_file:
            self.faults.append(Fault(place, NO_THUMBNAIL))
        elif not self._is_attached(THUMBNAIL, source, *place):
            self._is_link(THUMBNAIL, source, *place)  # it says what is wrong

    def _is_attached(self, rule: FileRule, source: str, *place: str) -> bool:
        """Whether it names a part of the request."""
        name = source.removeprefix(ATTACHED)
        if name == source:
            return False
        self.attached.add(name)
        self._attach(name, rule, self.uploads.get(name), *place)
        return True

    def _attach(self, part: str, rule: FileRule, upload: Upload | None, *place: str) -> None:
        if upload is None:
            words = f"There is no part called {part[:40]!r} in this request. Send multipart."
            self.faults.append(Fault(place, words))
            return
        faults, fitting = upload_faults(rule, upload)
        self.faults += [one.below(*place) for one in faults]
        self.files[part] = fitting

    def _is_link(self, rule: FileRule, value: str, *place: str) -> bool:
        """Whether it is a URL; else it must be a file_id, which stays where it is."""
        is_link = value.lower().startswith(("http://", "https://"))
        fault = _link_fault(rule, value) if is_link else _file_id_fault(rule, value)
        self.faults += [fault.below(*place)] if fault else []
        return is_link

    def _text(self, rule: TextRule, params: dict[str, Any], *place: str) -> str:
        """The visible text. What is empty leaves `params`."""
        mode = params.get(rule.mode) or ""
        if not mode:
            params.pop(rule.mode, None)
        text = params.get(rule.name, "")
        if not text and not rule.required:
            params.pop(rule.name, None)
            return ""
        visible, fault = _visible(rule, text, mode)
        self.faults += [fault.below(*place, rule.name)] if fault else []
        return visible


def _link_fault(rule: FileRule, url: str) -> Fault | None:
    if not rule.url_types:
        return Fault((), f"Telegram takes no {rule.noun} by URL. Upload it (multipart).")
    if len(url) > URL_MAX:
        return Fault((), f"Give a URL of at most {URL_MAX} characters.", "length")
    try:
        host_of(url)
    except FetchFailed as failure:
        return Fault((), f"This URL can't be loaded: {failure.reason}.")
    return None


def _file_id_fault(rule: FileRule, value: str) -> Fault | None:
    if not rule.by_id:
        return Fault((), f"Upload the {rule.noun} (multipart); Telegram takes no other.")
    if not FILE_ID.fullmatch(value):
        url = ", an http or https URL" if rule.url_types else ""
        return Fault((), f"Give a file (multipart){url} or a file_id of this bot.")
    return None


def _visible(rule: TextRule, text: str, mode: str) -> tuple[str, Fault | None]:
    """The text after formatting. Telegram's own words say what is wrong with the markup."""
    if not text.strip():
        return "", Fault((), "Give a text; this must not be blank.", "blank")
    if len(text.encode("utf-8", "replace")) > limits.RAW_TEXT_BYTES_MAX:
        words = "The text has more than 32,768 bytes, markup included. Shorten it."
        return "", Fault((), words, "length")
    try:
        visible = as_sent(text, mode).text
    except ParseError as error:
        fix = f"Change the text, or leave {rule.mode} out to send it as it is."
        return "", Fault((), f"Telegram would say: {error}. {fix}", "markup")
    if len(visible) > rule.limit:
        words = f"The text has {len(visible)} characters after formatting; Telegram takes"
        return visible, Fault((), f"{words} {rule.limit}. Shorten it.", "length")
    return visible, None


def parameters_for(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `params` that the method takes."""
    known = fields_of(method)
    return {name: value for name, value in params.items() if name in known}
