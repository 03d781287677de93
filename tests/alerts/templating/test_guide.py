"""The guide tells all that templates have, and its examples work."""

import re
from pathlib import Path
from typing import cast

import pytest

from alerts.templating.check import checked
from alerts.templating.context import (
    AlertContext,
    CountsContext,
    GroupContext,
    LinkContext,
    context_of,
)
from alerts.templating.filters import FILTERS_OF_TEMPLATES, TESTS_OF_TEMPLATES
from alerts.templating.samples import SAMPLES
from botapi.markup import ParseMode

GUIDE = (Path(__file__).parents[3] / "docs/guide/templates.md").read_text()
REFERENCE = GUIDE.partition("## What there is")[2]
CONTEXT, _, FILTERS = REFERENCE.partition("## Filters")
GROUP, _, ALERT = CONTEXT.partition("Of each alert")
EXAMPLES = re.findall(r"```jinja ?(\w*)\n(.*?)```", GUIDE, re.DOTALL)


def named(text: str) -> set[str]:
    """What the first column of its tables has as code."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


def test_the_guide_names_the_whole_context_and_nothing_else() -> None:
    alert, _, rest = ALERT.partition("Of each link")
    assert named(GROUP) == set(GroupContext.__annotations__)
    assert named(alert) == set(AlertContext.__annotations__)
    link, _, counts = rest.partition("Of `counts`")
    assert set(re.findall(r"`(\w+)`", link)) == set(LinkContext.__annotations__)
    assert set(re.findall(r"`(\w+)`", counts)) == set(CountsContext.__annotations__)


def test_the_guide_names_all_filters_and_tests() -> None:
    table, _, rest = FILTERS.partition("Tests after")
    assert named(table) == set(FILTERS_OF_TEMPLATES)
    tests = re.findall(r"`(\w+)`", rest.partition("\n")[0])
    names = {name for name in TESTS_OF_TEMPLATES if name.isalpha()}
    assert set(tests) - {"is"} == names - {"equalto"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_context_is_as_its_types_say(name: str) -> None:
    context = context_of(SAMPLES[name])
    assert set(context) == set(GroupContext.__annotations__)
    assert set(context["counts"]) == set(CountsContext.__annotations__)
    for alert in context["alerts"]:
        assert set(alert) == set(AlertContext.__annotations__)
        for link in alert["links"]:
            assert set(link) == set(LinkContext.__annotations__)


@pytest.mark.parametrize(("parse_mode", "body"), EXAMPLES)
def test_the_examples_are_fit_to_be_used(parse_mode: str, body: str) -> None:
    checked(body, cast("ParseMode", parse_mode or "HTML"))


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3
