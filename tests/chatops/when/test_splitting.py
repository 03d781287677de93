"""A command's arguments, taken apart."""

import pytest

from chatops.when.readings import Unclear
from chatops.when.splitting import Split, split_reminder, split_silence

SILENCES = [
    ("", "", "", ""),
    ("HighCPU", "HighCPU", "", ""),
    ("2h", "", "2h", ""),
    ("HighCPU 2h", "HighCPU", "2h", ""),
    ("HighCPU for 2 hours", "HighCPU", "for 2 hours", ""),
    ("HighCPU for 2 hours because deploy", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU for 2 hours due to a deploy", "HighCPU", "for 2 hours", "a deploy"),
    ("HighCPU for 2 hours: deploy", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU for 2 hours, deploy of 3pm", "HighCPU", "for 2 hours", "deploy of 3pm"),
    ("HighCPU for 2 hours — deploy", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU for 2 hours # deploy", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU 2h deploy in progress", "HighCPU", "2h", "deploy in progress"),
    ("HighCPU because deploy for 2 hours", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU for 2 hours because of the deploy", "HighCPU", "for 2 hours", "the deploy"),
    ("HighCPU because of", "HighCPU", "", ""),
    ("HighCPU because it is slow", "HighCPU", "", "it is slow"),
    ("HighCPU 2h because it lasts for 2 hours", "HighCPU", "2h", "it lasts for 2 hours"),
    ("2h because deploy", "", "2h", "deploy"),
    ("2h, deploy", "", "2h", "deploy"),
    ("2h HighCPU", "HighCPU", "2h", ""),
    ("for 2 hours HighCPU because deploy", "HighCPU", "for 2 hours", "deploy"),
    ("job=db until tomorrow 9am because upgrade", "job=db", "until tomorrow 9am", "upgrade"),
    ("job=db until tomorrow 9 # upgrade", "job=db", "until tomorrow 9", "upgrade"),
    ('{a="b",c=~"d.*"} 2h', '{a="b",c=~"d.*"}', "2h", ""),
    ('{a="b", c=~"d.*"} until 17:30', '{a="b", c=~"d.*"}', "until 17:30", ""),
    ('{a="until tomorrow 9am"} for 1h', '{a="until tomorrow 9am"}', "for 1h", ""),
    ('{a="}", b="for 2h"} for 1h', '{a="}", b="for 2h"}', "for 1h", ""),
    ('a="for 2 \\" hours" tonight', 'a="for 2 \\" hours"', "tonight", ""),
    ('a = "b", c = "d" tomorrow at noon', 'a = "b", c = "d"', "tomorrow at noon", ""),
    ('"Backup monday" for 2 hours', '"Backup monday"', "for 2 hours", ""),
    ("job='for 2 hours' 1h30m", "job='for 2 hours'", "1h30m", ""),
    ("team=`2h` 3h", "team=`2h`", "3h", ""),
    ('a="for 2 hours', 'a="for 2 hours', "", ""),
    ("it's for 2 hours", "it's", "for 2 hours", ""),
    ("HTTP 500 for 2h", "HTTP 500", "for 2h", ""),
    ("errors for 500", "errors", "for 500", ""),
    ("sun 2h", "sun", "2h", ""),
    ("HighCPU on sun", "HighCPU", "on sun", ""),
    ("job=monday 2h", "job=monday", "2h", ""),
    ("disk5d 2h", "disk5d", "2h", ""),
    ("HighCPU 5d/3", "HighCPU 5d/3", "", ""),
    ("HighCPU for -2 hours", "HighCPU", "for -2 hours", ""),
    ("HighCPU until yesterday", "HighCPU", "until yesterday", ""),
    ("HighCPU when the cows come home", "HighCPU when the cows come home", "", ""),
    ("HighCPU for the weekend due to migration", "HighCPU", "for the weekend", "migration"),
    ("HighCPU from 22:00 to 6:00 backup", "HighCPU", "from 22:00 to 6:00", "backup"),
    ("HighCPU tomorrow at 9 for 2 hours", "HighCPU", "tomorrow at 9 for 2 hours", ""),
    ("HighCPU\nfor 2 hours\nbecause deploy", "HighCPU", "for 2 hours", "deploy"),
    ("HighCPU FOR 2 HOURS Because Deploy", "HighCPU", "FOR 2 HOURS", "Deploy"),
    ("HighCPU (until 17:30)", "HighCPU", "until 17:30", ""),
    ("İstanbul 2h", "İstanbul", "2h", ""),
    ("web-frontend 2h", "web-frontend", "2h", ""),
    ("may-day-on-call until 17:30", "may-day-on-call", "until 17:30", ""),
    ("web-frontend 2h - deploy", "web-frontend", "2h", "deploy"),
]
REMINDERS = [
    ("", "", ""),
    ("me to call Ann tomorrow at 9", "call Ann", "tomorrow at 9"),
    ("me tomorrow at 9 to call Ann", "call Ann", "tomorrow at 9"),
    ("tomorrow at 9 call Ann", "call Ann", "tomorrow at 9"),
    ("every day at 9 check disks", "check disks", "every day at 9"),
    ("every evening at 7 check disks", "check disks", "every evening at 7"),
    ("in 2h check the backup", "check the backup", "in 2h"),
    ("me in 2h that the backup ends", "the backup ends", "in 2h"),
    ("2h check the backup", "check the backup", "2h"),
    ("check disks every weekday at 9:15", "check disks", "every weekday at 9:15"),
    ("on the 1st of every month pay rent", "pay rent", "on the 1st of every month"),
    ("standup mon-fri at 9:15", "standup", "mon-fri at 9:15"),
    ("me every 2 hours to drink", "drink", "every 2 hours"),
    ("water plants mondays at 9", "water plants", "mondays at 9"),
    ("me to buy milk daily", "buy milk", "daily"),
    ("check the daily backup tomorrow at 9", "check the daily backup", "tomorrow at 9"),
    ("in 2h check the backup of monday", "check the backup of monday", "in 2h"),
    ("check the 2h job in 1 day", "check the 2h job", "in 1 day"),
    ("me to look at 3 servers tomorrow at 9", "look at 3 servers", "tomorrow at 9"),
    ("look at 3 servers", "look at 3 servers", ""),
    ("at 9 check disk", "check disk", "at 9"),
    ("check tomorrow morning's logs at 9", "check tomorrow morning's logs", "at 9"),
    ("me on monday to restart db because of 2h", "restart db because of 2h", "on monday"),
    ("book a table for 2 tomorrow at 19:00", "book a table for 2", "tomorrow at 19:00"),
    ("restart web1 in 20 min!", "restart web1", "in 20 min"),
    ("me (tomorrow 9am) to go", "go", "tomorrow 9am"),
    ("call Ann", "call Ann", ""),
    ("me next week on call rotation", "on call rotation", "next week"),
    ('say "tomorrow 9am" on friday at 14:00', 'say "tomorrow 9am"', "on friday at 14:00"),
    ("me to say 'at 9' at 10", "say 'at 9'", "at 10"),
    ("me about the audit at 10:00 Europe/Berlin", "about the audit", "at 10:00 Europe/Berlin"),
]
SEVERAL_SILENCES = [
    ("Backup monday for 2 hours", ["monday", "for 2 hours"]),
    ("HighCPU 2h deploying for 3 hours", ["2h", "for 3 hours"]),
    ("HighCPU for 2 hours until tomorrow", ["for 2 hours", "until tomorrow"]),
]
SEVERAL_REMINDERS = [
    ("me tomorrow to check the report at 9", ["tomorrow", "at 9"]),
    ("in 2h call Ann on friday", ["in 2h", "on friday"]),
    ("on monday 3 servers reboot", ["on monday", "on monday 3"]),
]


@pytest.mark.parametrize(("text", "subject", "when", "comment"), SILENCES)
def test_silences_are_split(text: str, subject: str, when: str, comment: str) -> None:
    assert split_silence(text) == Split(subject, when, comment)


@pytest.mark.parametrize(("text", "subject", "when"), REMINDERS)
def test_reminders_are_split(text: str, subject: str, when: str) -> None:
    assert split_reminder(text) == Split(subject, when)


@pytest.mark.parametrize(("text", "times"), SEVERAL_SILENCES)
def test_several_times_of_a_silence_are_asked(text: str, times: list[str]) -> None:
    split = split_silence(text)
    assert isinstance(split, Unclear)
    assert [choice.text for choice in split.choices] == times
    assert [choice.reading.when for choice in split.choices] == times
    assert split.question == f"Which one is the time, “{times[0]}” or “{times[1]}”?"


@pytest.mark.parametrize(("text", "times"), SEVERAL_REMINDERS)
def test_several_times_of_a_reminder_are_asked(text: str, times: list[str]) -> None:
    split = split_reminder(text)
    assert isinstance(split, Unclear)
    assert [choice.reading.when for choice in split.choices] == times


def test_of_a_very_long_text_both_ends_are_searched() -> None:
    words = "word " * 500
    assert split_reminder(f"tomorrow 9am {words}") == Split(words.strip(), "tomorrow 9am")
    assert split_reminder(f"{words} tomorrow 9am") == Split(words.strip(), "tomorrow 9am")
    middle = split_reminder(f"{words} tomorrow 9am {words}")
    assert isinstance(middle, Split)
    assert middle.when == ""
    assert split_silence("x" * 5_000 + " 2h") == Split("x" * 5_000 + " 2h")
