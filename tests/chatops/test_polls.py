"""Votes in polls that were sent over REST come back as updates."""

from tests.chatops.conftest import Talk
from tests.factories import make_channel
from tests.rest import Api

ADA = 77


def test_votes_are_noted_and_shown(talk: Talk) -> None:
    chat = talk.telegram.create_chat("group", bot=talk.telegram_bot)
    channel = make_channel(talk.bot, chat_id=chat.id)
    api = Api(talk.organization)
    body = {"kind": "poll", "question": "Tea?", "is_anonymous": False}
    body |= {"options": [{"text": "Yes"}, {"text": "No"}]}
    sent = api.post(f"channels/{channel.pk}/messages/", body)
    assert sent.status_code == 202, sent.content
    talk.settle()
    [message] = talk.messages(chat)
    ada = talk.private_chat().id
    for options in ([0], [1], []):
        path = f"/chats/{chat.id}/messages/{message.message_id}/vote"
        talk.telegram.act(path, option_ids=options, from_id=ada)
        talk.settle()
        answers = api.get(f"deliveries/{sent.json()['id']}/answers/").json()["results"]
        assert [answer["option_ids"] for answer in answers] == ([options] if options else [])
    assert "a vote in a poll of nobody" not in talk.outcomes()
    foreign = {"poll_id": "5", "user": {"id": ADA, "first_name": "Ada"}, "option_ids": [0]}
    talk.telegram.queue_update(talk.telegram_bot, "poll_answer", foreign)
    talk.settle()
    assert talk.outcomes()[-1] == "a vote in a poll of nobody"
