"""Every outcome that Telegram is known to give, and the decision that follows."""

import pytest

from botapi.errors import (
    BotApiError,
    BotApiFailure,
    DeadlineExceeded,
    InvalidAnswer,
    UnexpectedResult,
    Unreachable,
)
from deliveries.advice import ADVICE, Problem, verdict
from deliveries.decisions import (
    ConfirmChannel,
    Decision,
    DisableChannel,
    ForgetTarget,
    GiveUp,
    LaneBackoff,
    NextStep,
    Postpone,
    Refusal,
    Retarget,
    Sent,
    SuspectBot,
    Unconfirmed,
    classify,
)


def refused(code: int, text: str, **parameters: int) -> BotApiError:
    return BotApiError("sendMessage", code, code, text, **parameters)


TABLE: list[tuple[BotApiFailure, Decision]] = [
    *(
        (refused(400, f"Bad Request: {text}"), NextStep(Refusal.MEDIA))
        for text in (
            "not enough rights to send polls to the chat",
            "not enough rights to send voice notes to the chat",
            "not enough rights to send stickers to the chat",
            "CHAT_SEND_POLL_FORBIDDEN",
            "CHAT_SEND_GIFS_FORBIDDEN",
            "VOICE_MESSAGES_FORBIDDEN",
            "can't use file of type Photo as Video",
            'failed to send message #2 with the error message "wrong file identifier specified"',
        )
    ),
    *(
        (refused(400, f"Bad Request: {text}"), GiveUp(Problem.REFUSED))
        for text in (
            "poll can't be stopped",
            "message is not a poll",
            "there is no live location in the message to edit",
        )
    ),
    (refused(400, "Bad Request: message with poll to stop not found"), ForgetTarget()),
    (refused(400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"), DisableChannel(Problem.NO_TEXT)),
    (refused(400, "Bad Request: message is not modified: specified new message content"), Sent()),
    (refused(400, "Bad Request: MESSAGE IS NOT MODIFIED: whatever"), Sent()),
    (refused(400, "Bad Request: message to delete not found"), Sent()),
    (refused(429, "Too Many Requests: retry after 14", retry_after=14), Postpone(14)),
    (refused(429, "Too Many Requests"), Postpone(1)),
    (
        refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001234567890),
        Retarget(-1001234567890),
    ),
    (refused(400, "Bad Request: message to edit not found"), ForgetTarget()),
    (refused(400, "Bad Request: message can't be edited"), ForgetTarget()),
    (refused(400, "Bad Request: there is no text in the message to edit"), ForgetTarget()),
    (refused(400, "Bad Request: there is no caption in the message to edit"), ForgetTarget()),
    (
        refused(400, "Bad Request: message can't be deleted for everyone"),
        GiveUp(Problem.REFUSED),
    ),
    (refused(400, "Bad Request: BUTTON_URL_INVALID"), NextStep(Refusal.KEYBOARD)),
    (refused(400, "Bad Request: BUTTON_DATA_INVALID"), NextStep(Refusal.KEYBOARD)),
    (
        refused(400, "Bad Request: inline keyboard button URL 'http://grafana:3000' is invalid"),
        NextStep(Refusal.KEYBOARD),
    ),
    (refused(400, "Bad Request: reply markup is too long"), NextStep(Refusal.KEYBOARD)),
    (
        refused(400, "Bad Request: can't parse reply keyboard markup JSON object"),
        NextStep(Refusal.KEYBOARD),
    ),
    (
        refused(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x"'),
        NextStep(Refusal.MARKUP),
    ),
    (refused(400, "Bad Request: can't parse MessageEntity: x"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: ENTITIES_TOO_LONG"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: unsupported parse_mode"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: message is too long"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: message caption is too long"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: message text is empty"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: text must be non-empty"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: strings must be encoded in UTF-8"), NextStep(Refusal.MARKUP)),
    (refused(400, "Bad Request: message to be replied not found"), NextStep(Refusal.REPLY)),
    (
        refused(400, "Bad Request: message thread not found"),
        NextStep(Refusal.TOPIC, Problem.TOPIC_MISSING),
    ),
    (refused(400, "Bad Request: TOPIC_CLOSED"), NextStep(Refusal.TOPIC, Problem.TOPIC_CLOSED)),
    (refused(400, "Bad Request: TOPIC_DELETED"), NextStep(Refusal.TOPIC, Problem.TOPIC_MISSING)),
    (refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), NextStep(Refusal.MEDIA)),
    (refused(400, "Bad Request: IMAGE_PROCESS_FAILED"), NextStep(Refusal.MEDIA)),
    (
        refused(400, "Bad Request: wrong file identifier/HTTP URL specified"),
        NextStep(Refusal.MEDIA),
    ),
    (refused(400, "Bad Request: failed to get HTTP URL content"), NextStep(Refusal.MEDIA)),
    (refused(400, "Bad Request: wrong type of the web page content"), NextStep(Refusal.MEDIA)),
    (refused(400, "Bad Request: there is no photo in the request"), NextStep(Refusal.MEDIA)),
    (refused(400, "Bad Request: file is too big"), NextStep(Refusal.MEDIA)),
    (
        refused(400, "Bad Request: not enough rights to send photos to the chat"),
        NextStep(Refusal.MEDIA, Problem.NO_PHOTOS),
    ),
    (
        refused(400, "Bad Request: not enough rights to send documents to the chat"),
        NextStep(Refusal.MEDIA, Problem.NO_DOCUMENTS),
    ),
    (refused(413, "Request Entity Too Large"), NextStep(Refusal.MEDIA)),
    (refused(400, "Bad Request: SOMETHING_NEW"), NextStep(Refusal.OTHER)),
    (refused(418, "I'm a teapot"), NextStep(Refusal.OTHER)),
    (
        refused(400, "Bad Request: not enough rights to send text messages to the chat"),
        DisableChannel(Problem.NO_TEXT),
    ),
    (
        refused(400, "Bad Request: have no write access to the chat"),
        DisableChannel(Problem.RESTRICTED),
    ),
    (
        refused(400, "Bad Request: need administrator rights in the channel chat"),
        DisableChannel(Problem.NOT_ADMIN),
    ),
    (refused(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), DisableChannel(Problem.RESTRICTED)),
    (refused(400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"), DisableChannel(Problem.NO_TEXT)),
    (refused(400, "Bad Request: CHAT_RESTRICTED"), DisableChannel(Problem.RESTRICTED)),
    (refused(400, "Bad Request: CHAT_ADMIN_REQUIRED"), DisableChannel(Problem.NOT_ADMIN)),
    (refused(400, "Bad Request: chat not found"), ConfirmChannel(Problem.CHAT_NOT_FOUND)),
    (refused(400, "Bad Request: PEER_ID_INVALID"), ConfirmChannel(Problem.CHAT_NOT_FOUND)),
    (refused(400, "Bad Request: CHANNEL_PRIVATE"), ConfirmChannel(Problem.CHAT_NOT_FOUND)),
    (refused(403, "Forbidden: bot was blocked by the user"), DisableChannel(Problem.BLOCKED)),
    (refused(403, "Forbidden: user is deactivated"), DisableChannel(Problem.DEACTIVATED)),
    (
        refused(403, "Forbidden: bot can't initiate conversation with a user"),
        DisableChannel(Problem.NOT_STARTED),
    ),
    (
        refused(403, "Forbidden: the bot can't send messages to the bot"),
        DisableChannel(Problem.IS_BOT),
    ),
    (refused(403, "Forbidden: bot can't send messages to bots"), DisableChannel(Problem.IS_BOT)),
    (
        refused(403, "Forbidden: bot was kicked from the supergroup chat"),
        DisableChannel(Problem.KICKED),
    ),
    (
        refused(403, "Forbidden: bot is not a member of the channel chat"),
        DisableChannel(Problem.NOT_MEMBER),
    ),
    (
        refused(403, "Forbidden: the group chat was deleted"),
        DisableChannel(Problem.CHAT_DELETED),
    ),
    (
        refused(403, "Forbidden: something new"),
        GiveUp(Problem.FORBIDDEN, unknown_forbidden=True),
    ),
    (refused(401, "Unauthorized"), SuspectBot(Problem.WRONG_TOKEN)),
    (refused(404, "Not Found"), SuspectBot(Problem.WRONG_TOKEN)),
    (refused(421, "Misdirected Request: unallowed token"), SuspectBot(Problem.WRONG_TOKEN)),
    (refused(400, "Logged out"), SuspectBot(Problem.LOGGED_OUT)),
    (refused(404, "Not Found: method not found"), GiveUp(Problem.REFUSED)),
    (refused(500, "Internal Server Error: restart"), LaneBackoff(maybe_sent=True)),
    (refused(409, "Conflict: terminated by other"), LaneBackoff(maybe_sent=False)),
    (InvalidAnswer("sendMessage", 502, "HTML", True), LaneBackoff(maybe_sent=True)),
    (InvalidAnswer("sendMessage", 502, "HTML", False), LaneBackoff(maybe_sent=False)),
    (InvalidAnswer("sendDocument", 413, "HTML", False), NextStep(Refusal.MEDIA)),
    (InvalidAnswer("sendMessage", 429, "HTML", False, retry_after=7), Postpone(7)),
    (InvalidAnswer("sendMessage", 404, "HTML", False), SuspectBot(Problem.WRONG_TOKEN)),
    (Unreachable("sendMessage", "dns", "no such host", False), LaneBackoff(maybe_sent=False)),
    (
        DeadlineExceeded("sendMessage", "answer", "no answer in time", True),
        LaneBackoff(maybe_sent=True),
    ),
    (UnexpectedResult("sendMessage", "message_id", "a number"), Unconfirmed()),
]


@pytest.mark.parametrize(("failure", "decision"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_outcome(failure: BotApiFailure, decision: Decision) -> None:
    assert classify(failure) == decision


def test_every_problem_has_advice_for_people() -> None:
    assert set(ADVICE) == set(Problem)
    for problem in Problem:
        shown = verdict(problem, "words")
        assert shown["problem"] == problem.value
        assert shown["advice"].endswith(".")


@pytest.mark.parametrize("problem", [Problem.NOT_ADMIN, Problem.NO_TEXT, Problem.NOT_MEMBER])
def test_what_a_menu_mends_names_the_menu(problem: Problem) -> None:
    assert "→" in ADVICE[problem].mend
