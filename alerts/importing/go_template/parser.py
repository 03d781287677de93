"""A Go template's tree (text/template/parse/parse.go of Go 1.22)."""

import math
import re
from typing import Final, Literal, NoReturn, cast

from alerts.importing.go_template.lexer import Piece, Source, Token, pieces_of
from alerts.importing.go_template.nodes import (
    Action,
    Block,
    Call,
    Comment,
    Const,
    Dot,
    Function,
    Jump,
    Node,
    Operand,
    Origin,
    Pipeline,
    Text,
    Tree,
    Variable,
)
from alerts.sources.json_text import shorten

SOURCE_MAX: Final = 65_536
"""Characters of a Go template."""
DEPTH_MAX: Final = 30
"""Blocks in blocks, and parentheses in parentheses."""
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1
"""Between these Go's integers are: int64 and uint64."""
_WORDS: Final = {"true": True, "false": False, "nil": None}


def parse(text: str) -> Tree:
    """Raises GoSyntaxError for what Go would refuse, or what is too large or too deep."""
    source = Source(text)
    if len(text) > SOURCE_MAX:
        source.fail(f"There are {len(text):,} characters; at most {SOURCE_MAX:,} are taken.", 0)
    return _Parser(source).tree()


class _Parser:
    """Reads piece by piece."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pieces = list(pieces_of(source))
        self._next = 0
        self._depth = 0
        self._tree = Tree()

    def tree(self) -> Tree:
        """All of it."""
        body, end = self._nodes()
        if end is not None:
            self._fail(end, f"There is nothing open that {end.origin.text} could end.")
        self._tree.body = body
        return self._tree

    def _nodes(self) -> tuple[list[Node], "_Words | None"]:
        """Up to `end` or `else`, which comes along, or to the text's end."""
        nodes: list[Node] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if piece.origin is None:
                nodes.append(Text(piece.text))
            elif piece.is_comment:
                nodes.append(Comment(piece.text))
            else:
                words = _Words(self._source, piece, piece.origin)
                if words.peeks("end", "else"):
                    return nodes, words
                if node := self._node(words):
                    nodes.append(node)
        return nodes, None

    def _node(self, words: "_Words") -> Node | None:
        origin = words.origin
        if words.takes("if", "range", "with"):
            return self._block(cast("Literal['if', 'range', 'with']", words.taken), words)
        if words.takes("define"):
            name = words.string()
            self._tree.definitions[name] = self._body(words)
            return None
        if words.takes("template", "block"):
            is_block = words.taken == "block"
            name = words.string()
            pipeline = None if words.is_done and not is_block else words.pipeline()
            if is_block:
                self._tree.definitions.setdefault(name, self._body(words))
            return Call(name, pipeline, origin)
        if words.takes("break", "continue"):
            return Jump(origin)
        pipeline = words.pipeline()
        words.finish()
        return Action(pipeline, origin)

    def _block(self, kind: Literal["if", "range", "with"], words: "_Words") -> Block:
        pipeline = words.pipeline(most=2 if kind == "range" else 1)
        words.finish()
        body, other = self._branches(words)
        return Block(kind, pipeline, body, other, words.origin)

    def _branches(self, words: "_Words") -> tuple[list[Node], list[Node]]:
        """Up to the block's own `end`."""
        self._deeper(words)
        body, end = self._nodes()
        other: list[Node] = []
        if end is not None and end.takes("else"):
            if end.takes("if", "with"):  # its `end` is the whole block's
                other = [self._block(cast("Literal['if', 'with']", end.taken), end)]
                self._depth -= 1
                return body, other
            end.finish()
            other, end = self._nodes()
        self._closed(words, end)
        return body, other

    def _body(self, words: "_Words") -> list[Node]:
        words.finish()
        self._deeper(words)
        body, end = self._nodes()
        self._closed(words, end)
        return body

    def _closed(self, words: "_Words", end: "_Words | None") -> None:
        if end is None:
            self._fail(words, f"{words.origin.text} has no {{{{ end }}}}.")
        elif not end.takes("end"):
            self._fail(end, f"{end.origin.text} stands where {{{{ end }}}} should be.")
        else:
            end.finish()
        self._depth -= 1

    def _deeper(self, words: "_Words") -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._fail(words, f"There are more than {DEPTH_MAX} blocks in each other.")

    def _fail(self, words: "_Words", reason: str) -> NoReturn:
        words.fail(reason, 0)


class _Words:
    """The tokens of one action."""

    def __init__(self, source: Source, piece: Piece, origin: Origin) -> None:
        self._source = source
        self._tokens = piece.tokens
        self._start = piece.start
        self._next = 0
        self._depth = 0
        self.origin = origin
        self.taken = ""

    @property
    def is_done(self) -> bool:
        return self._next >= len(self._tokens)

    def fail(self, reason: str, index: int | None = None) -> NoReturn:
        """Raises GoSyntaxError for where we are, or for that token."""
        place = self._next if index is None else index
        if place < len(self._tokens):
            self._source.fail(reason, self._tokens[place].position)
        elif self._tokens:
            last = self._tokens[-1]
            self._source.fail(reason, last.position + len(last.text))
        self._source.fail(reason, self._start)

    def peeks(self, *words: str) -> bool:
        """Whether one of these words comes next."""
        token = self._peek()
        return token is not None and token.kind == "word" and token.text in words

    def takes(self, *words: str) -> bool:
        """Take it, if one comes next; it is then `taken`."""
        if not self.peeks(*words):
            return False
        self.taken = self._tokens[self._next].text
        self._next += 1
        return True

    def finish(self) -> None:
        """Nothing more may come."""
        if not self.is_done:
            self.fail(f"{self._tokens[self._next].text!r} is not expected here.")

    def string(self) -> str:
        """The name of a template."""
        token = self._peek()
        if token is None or token.kind not in ("string", "raw"):
            self.fail("A template's name in quotation marks is missing.")
        self._next += 1
        return _unquoted(token)

    def pipeline(self, most: int = 1) -> Pipeline:
        """With `most` variables that it may declare."""
        variables, assigns = self._declared(most)
        commands = [self._command()]
        while self._takes_mark("|"):
            commands.append(self._command())
        return Pipeline(tuple(commands), variables, assigns)

    def _declared(self, most: int) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        start = self._next
        while (token := self._peek()) and token.kind == "variable" and len(names) < most:
            names.append(token.text[1:])
            self._next += 1
            if self._takes_mark(":="):
                return tuple(names), False
            if self._takes_mark("="):
                return tuple(names), True
            if not self._takes_mark(","):
                break
        self._next = start
        return (), False

    def _command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while (token := self._peek()) and not (token.kind == "mark" and token.text in "|)"):
            operands.append(self._operand(token))
        if not operands:
            self.fail("A value is missing.")
        return tuple(operands)

    def _operand(self, token: Token) -> Operand:
        base = self._base(token)
        names: list[str] = []
        if token.kind == "field":
            names.append(token.text[1:])
        while (after := self._peek()) and after.kind == "field" and not after.is_apart:
            names.append(after.text[1:])
            self._next += 1
        return Operand(base, tuple(names))

    def _base(self, token: Token) -> "Dot | Variable | Function | Const | Pipeline":
        if self._takes_mark("("):
            self._depth += 1
            if self._depth > DEPTH_MAX:
                self.fail(f"There are more than {DEPTH_MAX} parentheses in each other.")
            inner = self.pipeline()
            if not self._takes_mark(")"):
                self.fail("A parenthesis is not closed.")
            self._depth -= 1
            return inner
        self._next += 1
        if token.kind in ("dot", "field"):
            return Dot()
        if token.kind == "variable":
            return Variable(token.text[1:])
        if token.kind == "word":
            if token.text in _WORDS:
                return Const(_WORDS[token.text])
            return Function(token.text)
        if token.kind == "number":
            return Const(self._number(token))
        if token.kind == "char":
            return Const(ord(_unescaped(token.text[1:-1])[:1]))
        if token.kind == "mark":
            self.fail(f"{token.text!r} is not expected here.", self._next - 1)
        return Const(_unquoted(token))

    def _number(self, token: Token) -> int | float:
        number: int | float
        try:
            number = int(token.text, 0)
            is_taken = _LEAST <= number <= _MOST
        except ValueError:
            try:
                number = float(token.text)
            except ValueError:
                number = math.nan
            is_taken = math.isfinite(number)
        if not is_taken:
            self.fail(f"{shorten(token.text, 40)!r} is no number of Go.", self._next - 1)
        return number

    def _peek(self) -> Token | None:
        return None if self.is_done else self._tokens[self._next]

    def _takes_mark(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._next += 1
        return True


def _unquoted(token: Token) -> str:
    inner = token.text[1:-1]
    return inner if token.kind == "raw" else _unescaped(inner)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_unescape, text)


def _unescape(found: re.Match[str]) -> str:
    code = next((number for number in found.groups()[:3] if number), "")
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if found[4]:
        return chr(int(found[4], 8) & 0xFF)
    return _ESCAPED.get(found[5], found[5])
