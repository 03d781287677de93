"""Programs that are asked for their opinion."""

import shutil

import pytest


@pytest.fixture
def amtool() -> str:
    found = shutil.which("amtool")
    if found is None:
        pytest.skip("amtool is not installed")
    return found
