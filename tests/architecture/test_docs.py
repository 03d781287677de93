"""What the documents name exists: links, files, commands, options, settings, pages, pictures."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

from config.celery import QUEUES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "deploy/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PICTURE_BYTES = 300_000

# How config/ reads a setting: env.str("NAME"), secret("NAME", …), setting(environ, "NAME"), …
_READS = re.compile(
    r'(?:\benv(?:\.\w+)?|\bsecret|\bsetting|\b_address|\b_switch)\(\s*(?:environ,\s*)?"([A-Z_]+)"'
)
_TEST_READS = re.compile(r'os\.environ\.get\(\s*"([A-Z_]+)"')
_ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"manage\.py ([a-z_]+)")
_ENTRY_POINT = re.compile(r"config\.\w+:application")
_TARGET = re.compile(r"(?:^|\s)make ([a-z]+)", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_ASSIGNED = re.compile(r"(?<![\w$])([A-Z][A-Z0-9_]{2,})=")
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?)`")
_API = re.compile(r"/api/v1/[\w{}/-]*/")
_OTHERS = frozenset({"API", "AUTH", "ARGS", "PYTEST_JOBS"})
"""Names that command lines set and that are no settings: of the shell, of make, of .ci/run."""


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def slug(heading: str) -> str:
    """The anchor that GitHub and others make of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(document: Path) -> set[str]:
    prose = _FENCE.sub("", text_of(document))
    return {slug(line.lstrip("#")) for line in prose.splitlines() if line.startswith("#")}


def broken_links(document: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", text_of(document))):
        if re.match(r"https?:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (document.parent / place).resolve() if place else document
        is_page = target.suffix == ".md"
        if not target.exists() or (anchor and is_page and anchor not in anchors(target)):
            yield link


def settings_read() -> set[str]:
    """Every name that config/ reads from the environment."""
    found: set[str] = set()
    for path in (ROOT / "config").rglob("*.py"):
        found.update(_READS.findall(path.read_text(encoding="utf-8")))
    return found


def settings_listed(document: str) -> set[str]:
    return set(_ROW.findall(text_of(ROOT / document)))


def shell_of(document: Path) -> str:
    return "\n".join(_SHELL.findall(text_of(document)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_resolves(document: Path) -> None:
    assert list(broken_links(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_file_that_is_named_exists(document: Path) -> None:
    tops = {path.name for path in ROOT.iterdir()}
    named_paths = [path for path in _PATH.findall(text_of(document)) if path.split("/")[0] in tops]
    kept = [path for path in named_paths if not path.startswith("var/")]
    assert [path for path in kept if not (ROOT / path).exists()] == []


def test_the_settings_listed_are_those_that_are_read() -> None:
    assert settings_listed("README.md") == settings_read()


def test_the_readers_of_settings_are_all_seen() -> None:
    """One name of each way to read, so that an unseen way cannot pass for no setting."""
    ways = {"SITE_URL", "DATABASE_URL", "SECRET_KEY", "BIND", "SANDBOX", "WORKER_HEARTBEAT_FILE"}
    assert ways <= settings_read()


def test_the_variables_of_tests_are_those_that_are_read() -> None:
    read: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        read.update(_TEST_READS.findall(path.read_text(encoding="utf-8")))
    assert settings_listed("CONTRIBUTING.md") == read


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_variable_in_a_command_line_is_known(document: Path) -> None:
    known = settings_read() | settings_listed("CONTRIBUTING.md") | _OTHERS
    assert set(_ASSIGNED.findall(shell_of(document))) - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_exists(document: Path) -> None:
    commands = {*get_commands(), "up"}
    assert set(_COMMAND.findall(text_of(document))) - commands == set()
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    code = "\n".join([shell_of(document), *_CODE.findall(_FENCE.sub("", text_of(document)))])
    assert set(_TARGET.findall(code)) - targets == set()


@pytest.mark.parametrize("name", ["quickstart", "worker"])
def test_the_options_listed_are_those_of_the_command(name: str) -> None:
    row = next(
        line for line in text_of(ROOT / "README.md").splitlines() if f"manage.py {name}` |" in line
    )
    command = load_command_class("config", name)
    shared = set(
        load_command_class("config", "rotate_keys").create_parser("", "")._option_string_actions
    )
    own = set(command.create_parser("", "")._option_string_actions) - shared
    assert set(re.findall(r"--[a-z-]+", row)) == own


def test_every_queue_is_listed_and_taken_by_a_worker_that_is_split() -> None:
    readme = text_of(ROOT / "README.md")
    listed, *split = re.findall(r"--queues ((?:[a-z]+ ?)+)", readme)
    assert listed.split() == list(QUEUES)
    assert sorted(" ".join(split).split()) == sorted(QUEUES)


def test_the_web_server_is_started_as_up_starts_it() -> None:
    """Under WSGI half a body holds a thread: the README must not lead there."""
    processes = text_of(ROOT / "config" / "supervisor" / "processes.py")
    entry_points = set(_ENTRY_POINT.findall(processes))
    assert len(entry_points) == 1
    assert set(_ENTRY_POINT.findall(shell_of(ROOT / "README.md"))) == entry_points


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_rest_path_is_served(document: Path) -> None:
    for path in _API.findall(text_of(document)):
        example = re.sub(r"\{\w+\}", "01a20762-de43-725b-8d8e-88e27e0d539e", path)
        try:
            match = resolve(example)
        except Resolver404:
            pytest.fail(f"{path} is not served")
        assert match.url_name != "api-unknown", path


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs/images").glob("*")}
    assert max(pictures.values()) <= PICTURE_BYTES
    shown = {Path(link).name for link in _LINK.findall(text_of(ROOT / "README.md"))}
    assert set(pictures) <= shown


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached:
            continue
        reached.add(document)
        for link in _LINK.findall(_FENCE.sub("", text_of(document))):
            target = (document.parent / link.partition("#")[0]).resolve()
            target = target / "README.md" if target.is_dir() else target
            if target.suffix == ".md" and target.exists():
                waiting.append(target)
    assert reached == set(DOCUMENTS)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("Backup and restore", "backup-and-restore"), ('"Maybe sent"', "maybe-sent")],
)
def test_anchors_are_made_as_github_makes_them(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](#here) [b](#nowhere) [c](gone.md)\n```\n[d](not-a-link.md)\n```\n")
    assert list(broken_links(page)) == ["#nowhere", "gone.md"]
