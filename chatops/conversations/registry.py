"""Every dialogue, by its kind."""

from chatops.conversations.comment import COMMENT
from chatops.conversations.definition import Dialogue
from chatops.conversations.own import OWN
from chatops.conversations.remind import REMIND
from chatops.conversations.report import REPORT
from chatops.conversations.silence import SILENCE

DIALOGUES: dict[str, Dialogue] = {one.kind: one for one in (SILENCE, COMMENT, REMIND, REPORT, OWN)}
