"""Formats and sizes of pictures, read from their first bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.pictures import Picture, read_picture
from tests.pictures import gif, jpeg, png, webp_lossless, webp_lossy, webp_wide


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(640, 480), Picture("image/png", 640, 480)),
        (jpeg(640, 480), Picture("image/jpeg", 640, 480)),
        (b"\xff\xd8\xff\xff\xff\xd8" + jpeg(3, 4)[2:], Picture("image/jpeg", 3, 4)),
        (gif(7, 9), Picture("image/gif", 7, 9)),
        (webp_lossy(320, 200), Picture("image/webp", 320, 200)),
        (webp_lossless(16384, 2), Picture("image/webp", 16384, 2)),
        (webp_wide(70000, 3), Picture("image/webp", 70000, 3)),
        (b"", None),
        (b"plain text", None),
        (b"<svg/>", None),
        (b"%PDF-1.7", None),
        (png(1, 1)[:20], None),
        (jpeg(1, 1)[:6], None),
        (b"\xff\xd8", None),
        (b"RIFF\0\0\0\0WEBPabcd", None),
        (b"BM" + bytes(60), None),
    ],
)
def test_pictures(content: bytes, expected: Picture | None) -> None:
    assert read_picture(content) == expected


@given(
    st.sampled_from([png(9, 9), jpeg(9, 9), gif(9, 9), webp_lossy(9, 9), webp_wide(9, 9)]),
    st.integers(0, 60),
    st.binary(max_size=20),
)
def test_damaged_pictures_break_nothing(content: bytes, place: int, other: bytes) -> None:
    damaged = content[:place] + other + content[place + len(other) :]
    found = read_picture(damaged)
    assert found is None or (found.width >= 0 and found.height >= 0)


def test_a_jpeg_whose_segments_lead_nowhere() -> None:
    assert read_picture(b"\xff\xd8\xff\xe0" + struct.pack(">H", 0)) is None
    assert read_picture(b"\xff\xd8\xff\xe0" + struct.pack(">H", 65535)) is None
