"""What whoever pressed a button reads. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """`text`: the toast, "" for none; `outcome`: for the inbox; `alert`: in a window that has to be
    closed."""

    text: str
    outcome: str
    alert: bool = False
    url: str = ""
