"""TDLib's offline functions: parse, clean and normalise formatted text; check links. No account, no
network.

Texts with entities travel here in TDLib's own form (`textEntityTypeBold` …); `entities` translates.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import tdjson

from sandbox.errors import Refusal

TdEntity = dict[str, Any]
_PARSE_MODES = {
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
    "html": {"@type": "textParseModeHTML"},
}
# parseMarkdown runs TDLib's clean-up of a text to be sent, but would also read human Markdown. Its
# signs are therefore
# hidden behind private-use characters of the same UTF-16 length while it runs.
_MARKDOWN_SIGNS = "_*~|`["
_STAND_INS = "\ue5f0\ue5f1\ue5f2\ue5f3\ue5f4\ue5f5"
_HIDE = str.maketrans(_MARKDOWN_SIGNS, _STAND_INS)
_SHOW = str.maketrans(_STAND_INS, _MARKDOWN_SIGNS)


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = tdjson.td_execute(json.dumps(request, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        raise Refusal("Strings must be encoded in UTF-8") from None
    result: dict[str, Any] = json.loads(answer or b"null")
    if result["@type"] == "error":
        raise Refusal(result["message"])
    return result


_execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def parse(text: str, parse_mode: str) -> tuple[str, list[TdEntity]]:
    """The text and entities of a marked-up text; `parse_mode` in lower case; raises Refusal."""
    mode = _PARSE_MODES.get(parse_mode)
    if mode is None:
        raise Refusal("Unsupported parse_mode")
    result = _execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode})
    return result["text"], result["entities"]


def normalize(text: str, entities: list[TdEntity]) -> tuple[str, list[TdEntity]]:
    """Control characters cleaned, entities checked, split, merged and sorted as TDLib does before
    it sends.

    Not trimmed. Raises Refusal for entities outside the text and for links that are none.
    """
    hidden = text if any(sign in text for sign in _STAND_INS) else text.translate(_HIDE)
    result = _execute(
        {
            "@type": "parseMarkdown",
            "text": {"@type": "formattedText", "text": hidden, "entities": entities},
        }
    )
    cleaned: str = result["text"]
    return cleaned if hidden is text else cleaned.translate(_SHOW), result["entities"]


def automatic_entities(text: str) -> list[TdEntity]:
    """Commands, mentions, hashtags, URLs and the like that Telegram finds by itself."""
    found: list[TdEntity] = _execute({"@type": "getTextEntities", "text": text})["entities"]
    return found


@lru_cache(maxsize=4096)
def check_link(url: str) -> tuple[str, str]:
    """(normalised URL, "") or ("", TDLib's complaint: `URL 'http://grafana:3000' is invalid: Wrong
    HTTP URL`).
    """
    link = {"@type": "textEntityTypeTextUrl", "url": url}
    try:
        _, entities = normalize("x", [{"offset": 0, "length": 1, "type": link}])
    except Refusal as refusal:
        return "", str(refusal).removeprefix("Entity ")
    kind = entities[0]["type"] if entities else {}
    if kind.get("@type") == "textEntityTypeMentionName":
        return f"tg://user?id={kind['user_id']}", ""
    return str(kind.get("url", "")), ""
