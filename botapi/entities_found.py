"""Entities that Telegram finds in a text by itself (TDLib, find_entities), where TDLib is missing.

Close to TDLib's rules; it differs for rare top-level domains, of which TDLib knows some 1,400.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from botapi.entities_model import MessageEntity, utf16_length

_NAME = "[A-Za-z0-9_]"
_TAG = "[\\w\u200c\u00b7\u0d80-\u0dff]"
_MENTION = re.compile(rf"(?<!\w)@({_NAME}{{2,32}})(?!\w)")
_COMMAND = re.compile(
    rf"(?<![\w/<>])/{_NAME}{{1,64}}(?!{_NAME})(?:@{_NAME}{{3,32}}|(?!@))(?![\w/<>])"
)
_HASHTAG = re.compile(rf"(?<!{_TAG})#({_TAG}{{1,256}})(?:{_TAG}+|(@{_NAME}{{3,32}}))?(?!#|{_TAG})")
_CASHTAG = re.compile(
    rf"(?<![$\w\u200c\u00b7])\$(?:1INCH|[A-Z]{{1,8}})(?![A-Z])"
    rf"(?:@{_NAME}{{3,32}}(?!{_NAME}))?(?![$\w\u200c\u00b7])"
)
_CARD = re.compile(r"(?<![\w+.,\-])[0-9](?:[ -]?[0-9]){12,18}(?![\w\-])")
_TG_URL = re.compile(
    r"(?:tg|ton)://[A-Za-z0-9_\-]{1,253}(?:[/?#][^\s<>«»\"]*)?", re.IGNORECASE | re.ASCII
)
_URL = re.compile(
    r"(?P<protocol>[A-Za-z0-9+\-]*://)?"
    r"(?P<user>[^\s/\[\]{}()'`<>\"@«»]+@)?"
    r"(?P<domain>(?:[A-Za-z0-9_~\-\u00c0-\u1fff\u2070-\U0010ffff]+\.)+"
    r"[A-Za-z0-9_~\-\u00c0-\u1fff\u2070-\U0010ffff]+)"
    r"(?P<port>:0*[1-9][0-9]{0,4}(?![0-9]))?"
    r"(?P<path>[/?#][^\s<>\"«»]*)?"
)
_EMAIL = re.compile(
    r"(?:[A-Za-z0-9_\-]{0,26}[.+]){0,10}[A-Za-z0-9_\-]{1,35}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9_\-]{0,28}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,8}"
)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_PROTOCOLS = ("http", "https", "ftp", "tonsite")
_SHORT_NAMES = ("gif", "nft", "pic", "ufc", "vid")
_MAX_PORT = 65_535
_PATH_END = ".:;,('?!`"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
# ISO 3166 country codes in use as top-level domains, and the generic ones that texts about machines
# are likely to hold.
_COUNTRIES = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw
by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et
eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie
il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv
ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr
nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk
sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy
uz va vc ve vg vi vn vu wf ws ye yt za zm zw рф укр бел срб
"""
_GENERIC = """
com org net info biz edu gov mil int arpa name pro mobi asia cat jobs tel travel aero coop museum
post academy agency app art bank bar bike blog build business cab cafe camera camp capital care
cash center chat city click cloud club codes coffee community company computer cool data date dev
digital direct directory domains download email energy engineering events exchange expert express
family fan farm finance fish fit fun fund games gift global group guide guru help host hosting
house industries ink institute international kim land law legal life link live llc ltd market
marketing media money monitoring network news ninja one online page parts party photo photos pics
pictures pizza place plus press productions properties pub review reviews rocks run sale school
science security select services shop show site social software solar solutions space store stream
studio style supplies support systems tax team tech technology tips today tools top town training
university uno video watch website wiki win work works world xyz zip zone москва онлайн сайт
"""
_TOP_LEVEL = frozenset((_COUNTRIES + _GENERIC).split())


def find_entities(text: str) -> tuple[MessageEntity, ...]:
    """Mentions, commands, hashtags, cashtags, bank cards, URLs and e-mail addresses of the text."""
    found = sorted(_spans(text), key=lambda span: (span[0], -span[1]))
    entities: list[MessageEntity] = []
    end = offset = position = 0
    for begin, stop, kind in found:
        if begin < end:
            continue
        offset += utf16_length(text[position:begin])
        length = utf16_length(text[begin:stop])
        entities.append({"type": kind, "offset": offset, "length": length})
        position, end = begin, stop
    return tuple(entities)


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _MENTION.finditer(text):
        if len(match[1]) > 3 or match[1].lower() in _SHORT_NAMES:
            yield match.start(), match.end(), "mention"
    for match in _COMMAND.finditer(text):
        yield match.start(), match.end(), "bot_command"
    for match in _HASHTAG.finditer(text):
        if any(char.isalpha() for char in match[1]):
            yield match.start(), match.end(2) if match[2] else match.end(1), "hashtag"
    for match in _CASHTAG.finditer(text):
        yield match.start(), match.end(), "cashtag"
    for match in _CARD.finditer(text):
        if _is_card([int(char) for char in match[0] if char.isdigit()]):
            yield match.start(), match.end(), "bank_card_number"
    for match in _TG_URL.finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip(_PATH_END)), "url"
    for match in _URL.finditer(text):
        if span := _url_span(text, match):
            yield span


def _is_card(digits: list[int]) -> bool:
    """Luhn's check; TDLib also knows the lengths of some issuers."""
    doubled = [digit if digit < 5 else digit - 9 for digit in digits[-2::-2]]
    if (sum(digits) + sum(doubled)) % 10:
        return False
    return digits[0] != 4 or len(digits) in (13, 16, 18, 19)


def _url_span(text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
    before = text[match.start() - 1 : match.start()]
    protocol = (match["protocol"] or "")[:-3].lower()
    if _EMAIL.fullmatch(address := (match["user"] or "") + match["domain"]) and not protocol:
        return match.start(), match.start() + len(address), "email"
    if protocol and protocol not in _PROTOCOLS:
        return None
    if not protocol and before and (before.isalnum() or before in "_/#@"):
        return None
    if not _is_domain(match["domain"], has_protocol=bool(protocol)):
        return None
    if match["port"] and int(match["port"][1:]) > _MAX_PORT:
        return match.start(), match.end("domain"), "url"
    end = match.end("port") if match["port"] else match.end("domain")
    return match.start(), end + len(_path(match["path"] or "")), "url"


def _is_domain(domain: str, *, has_protocol: bool) -> bool:
    if _IPV4.fullmatch(domain):
        return True
    labels = domain.split(".")
    if any(len(label.encode()) > 63 or label.endswith("-") for label in labels):
        return False
    top = labels[-1]
    if len(top) < 2 or domain.replace(".", "").isdecimal() or "_" in labels[-2]:
        return False
    if top.startswith("xn--"):
        return top[4:].isalnum()
    if "_" in top or "-" in top:
        return False
    return has_protocol or top.lower() in _TOP_LEVEL


def _path(path: str) -> str:
    """The path up to a bracket that closes nothing, without punctuation at its end."""
    opened: dict[str, int] = dict.fromkeys(_BRACKETS.values(), 0)
    for at, char in enumerate(path):
        if char in opened:
            opened[char] += 1
        elif char in _BRACKETS:
            opened[_BRACKETS[char]] -= 1
            if opened[_BRACKETS[char]] < 0:
                path = path[:at]
                break
    path = path.rstrip(_PATH_END)
    return "" if path in ("?", "#") else path
