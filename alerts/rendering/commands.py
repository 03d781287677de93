"""Paths that Telegram would take for commands: "/var is full" would end in a link that, at a tap,
sends "/var" to the chat. As code they are none, and a tap copies them."""

import re
from collections.abc import Iterable
from dataclasses import replace

from botapi.markup import LEAVES, Code, Node, Text

# What makes a command is TDLib's rule (MessageEntity.cpp, match_bot_commands); the path goes on.
_PATH = re.compile(
    r"(?<![\w/<>])(?=/[A-Za-z0-9_]{1,64}(?![A-Za-z0-9_])(?:@[A-Za-z0-9_]{3,32}|(?!@))(?![\w/<>]))"
    r"/[\w.@-]*\w"
)


def without_commands(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The same words, with such paths as code."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Text) and "/" in node.text:
            found += _split(node)
        elif isinstance(node, LEAVES):
            found.append(node)
        else:
            children = without_commands(node.children)
            found.append(node if children == node.children else replace(node, children=children))
    return tuple(found)


def _split(node: Text) -> list[Node]:
    parts: list[Node] = []
    end = 0
    for match in _PATH.finditer(node.text):
        if match.start() > end:
            parts.append(Text(node.text[end : match.start()]))
        parts.append(Code(match[0]))
        end = match.end()
    if end < len(node.text) or not parts:
        parts.append(Text(node.text[end:]))
    return parts
