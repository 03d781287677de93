"""Of each task's wake-ups one waits for a thread."""

from config.pending import Pending


def test_a_second_one_need_not_wait_until_the_first_has_begun() -> None:
    pending = Pending()
    assert pending.wait("publish")
    assert not pending.wait("publish")
    assert pending.wait("dispatch"), "each task's own"
    pending.begins("publish")
    assert pending.wait("publish"), "what is committed now, the first may not see"


def test_one_that_never_begins_stands_for_others_for_a_while_alone() -> None:
    pending = Pending(patience=0.0)
    assert pending.wait("publish")
    assert pending.wait("publish")


def test_one_that_begins_though_nobody_knew_of_it_changes_nothing() -> None:
    pending = Pending()
    pending.begins("publish")
    assert pending.wait("publish")
