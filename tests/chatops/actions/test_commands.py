"""Own commands: given in a group, called over HTTP, and shown as they go."""

from tests.chatops.actions.stage import Stage


def test_asked_called_and_answered(stage: Stage) -> None:
    stage.action()
    stage.answers(text="3 lamps <on> & /var/run")
    said = stage.says(stage.ada, "/lightson hall")
    assert said == "⏳ /lightson hall asked by Ada Lovelace"
    message = stage.last(stage.group)
    assert message.message["reply_to_message"]["text"] == "/lightson hall"
    assert stage.call() == "✅ /lightson hall done\n3 lamps <on> & /var/run"
    assert stage.last(stage.group).message_id == message.message_id, "edited"
    [body] = stage.receiver.bodies
    assert stage.receiver.verified == [True]
    assert stage.receiver.keys == [str(stage.run.pk)] == [body["id"]]
    assert body["event"] == "action"
    run = body["run"]
    assert (run["action"], run["argument"], run["test"]) == ("lightson", "hall", False)
    assert run["asked_by"]["name"] == "Ada Lovelace"
    assert run["asked_by"]["telegram"]["id"] == stage.ada.id
    assert run["asked_by"]["member"]["role"] == "responder"
    assert run["channel"] == {"id": str(stage.channel.pk), "name": "Ops"}
    assert run["chat"]["id"] == stage.group.id
    assert run["alert"] is None
    assert stage.outcome() == "/lightson: waiting"


def test_progress_is_edited_into_the_answer(stage: Stage) -> None:
    stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    assert stage.call().startswith("⏳")
    assert stage.run.state == "running"
    assert stage.post(text="Warming up", progress=40) == 200
    assert stage.shown() == "⏳ /lightson asked by Ada Lovelace\n▓▓▓▓░░░░░░ 40 %\nWarming up"
    assert stage.post(state="done", text="On") == 200
    assert stage.shown() == "✅ /lightson done\nOn"
    assert stage.post(state="done", text="On") == 200, "repeated: it is known"
    assert stage.post(text="more") == 409
    assert stage.post(state="failed") == 409
    assert stage.shown() == "✅ /lightson done\nOn"
