"""Legacy Markdown as Telegram's own parser reads it (TDLib, parse_markdown).

It knows no nesting and few escapes. We never write it; who stands in for Telegram must read it.
"""

from __future__ import annotations

import re

from botapi.entities_links import checked_link, link_user_id
from botapi.entities_model import MessageEntity, Parsed, cannot_parse, in_order, utf16_length

_TOKEN = re.compile(
    r"\\(?P<escaped>[_*`\[])"
    r"|(?P<words>[^_*`\[\\]+|\\)"
    r"|```(?:(?P<language>[^ \t\r\n\0\v`]+)(?=[ \t\r\n\0\v]))?(?:\r\n|\n\r|\r|\n)?"
    r"(?P<pre>(?:(?!```).)*)```"
    r"|`(?!``)(?P<code>[^`]*)`"
    r"|\*(?P<bold>[^*]*)\*"
    r"|_(?P<italic>[^_]*)_"
    r"|\[(?P<label>[^\]]+)\](?:\((?P<url>[^)]*)(?:\)|$))?"
    r"|\[\]",
    re.DOTALL,
)
_TYPES = ("pre", "code", "bold", "italic", "label")


def parse_legacy_markdown(source: str) -> Parsed:
    """Text and entities of legacy Markdown; raises ParseError where Telegram refuses it."""
    pieces: list[str] = []
    entities: list[MessageEntity] = []
    at = offset = 0
    while at < len(source):
        token = _TOKEN.match(source, at)
        if token is None:
            where = len(source[:at].encode())
            raise cannot_parse(f"Can't find end of the entity starting at byte offset {where}")
        at = token.end()
        kind = next((name for name in _TYPES if token[name] is not None), "")
        words = token[kind] if kind else token["escaped"] or token["words"] or ""
        if words and kind:
            entities += _entity(kind, token, offset, utf16_length(words))
        pieces.append(words)
        offset += utf16_length(words)
    return Parsed("".join(pieces), in_order(entities))


def _entity(kind: str, token: re.Match[str], offset: int, length: int) -> list[MessageEntity]:
    """The entity that a token makes, if Telegram keeps it."""
    entity: MessageEntity = {"type": kind, "offset": offset, "length": length}
    if kind == "pre" and token["language"]:
        entity["language"] = token["language"]
    if kind == "label":
        url = token["label"] if token["url"] is None else token["url"]
        user_id = link_user_id(url)
        stored = checked_link(url)
        if user_id is not None:
            entity |= {"type": "text_mention", "user": {"id": user_id}}
        elif stored:
            entity |= {"type": "text_link", "url": stored}
        else:
            return []
    return [entity]
