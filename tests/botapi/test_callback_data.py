"""What stands behind buttons, and what clients send that never stood there."""

from uuid import UUID

import pytest

from botapi.callback_data import Pressed, pack, unpack
from botapi.limits import CALLBACK_DATA_BYTES_MAX

ROW = UUID("0190a000-0000-7000-8000-000000000005")
DATA = pack("ak", ROW)


def test_what_is_packed_is_read_again() -> None:
    longest = "9" * (CALLBACK_DATA_BYTES_MAX - len(DATA))
    assert unpack(pack("ak", ROW, longest)) == Pressed("ak", ROW, longest)


@pytest.mark.parametrize(
    "data",
    ["", DATA[:-1], f"2{DATA[1:]}", f"{DATA[:-1]}B", f"{DATA}é", f"{DATA}\n", f"{DATA}{'9' * 40}"],
    ids=["empty", "cut", "version", "letters", "accent", "line", "long"],
)
def test_what_we_never_wrote_is_nothing(data: str) -> None:
    assert unpack(data) is None
