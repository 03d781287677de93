"""Bots written with python-telegram-bot and aiogram run here as on Telegram: only the base URL is
another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiogram
import pytest
import telegram as ptb
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from telegram import ext

from tests.ports import free_port
from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json

WAIT = 60
WHO = {"request_users": {"request_id": 1}}
PAYLOAD = "link_1"


async def _eventually(find: Callable[[], Any]) -> Any:
    """What `find` gives as soon as it is true; it talks to the sandbox, so in a thread."""
    async with asyncio.timeout(WAIT):
        while not (found := await asyncio.to_thread(find)):
            await asyncio.sleep(0.05)
    return found


async def _play(stage: Stage) -> None:
    """A person starts the bot, presses its button, and sends an inline result."""
    telegram, ada = stage.telegram, stage.chat
    await asyncio.to_thread(telegram.start, stage.bot, ada, PAYLOAD)

    def greeting() -> Json | None:
        found = [message for message in telegram.messages(ada) if message.bot_id]
        return found[0].message if found else None

    greeted = await _eventually(greeting)
    assert greeted["text"] == f"Hello Ada, {PAYLOAD}"
    assert greeted["entities"][0]["type"] == "bold"
    pressed = await asyncio.to_thread(telegram.press, ada, greeted["message_id"], "ack:1", wait=30)
    assert (pressed["state"], pressed["text"]) == ("answered", "Noted")
    await _eventually(lambda: telegram.messages(ada)[1].text == "Done")
    path = f"/bots/{stage.bot.id}/inline"
    query = await asyncio.to_thread(
        lambda: telegram.act(path, from_id=ada.id, query="cpu", wait=30)
    )
    assert [result["title"] for result in query["results"]] == ["About cpu"]
    sent = await asyncio.to_thread(
        lambda: telegram.act(f"{path}/{query['id']}/choose", result_id="1")
    )
    assert (sent["text"], sent["via_bot"]["id"]) == ("cpu is fine", stage.bot.id)


@pytest.fixture
def bot(stage: Stage) -> Stage:
    stage.telegram.change_bot(stage.bot, supports_inline_queries=True)
    return stage


# --- python-telegram-bot ---


def _ptb_application(stage: Stage) -> ext.Application[Any, Any, Any, Any, Any, Any]:
    builder = ext.ApplicationBuilder().token(stage.bot.token)
    builder = builder.base_url(f"{stage.telegram.url}/bot")
    application = builder.base_file_url(f"{stage.telegram.url}/file/bot").build()

    async def start(update: ptb.Update, context: ext.ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        assert update.effective_user
        assert context.args
        button = ptb.InlineKeyboardButton("Acknowledge", callback_data="ack:1")
        await update.message.reply_html(
            f"<b>Hello</b> {update.effective_user.first_name}, {context.args[0]}",
            reply_markup=ptb.InlineKeyboardMarkup([[button]]),
        )

    async def pressed(update: ptb.Update, context: ext.ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        assert query
        assert query.data == "ack:1"
        await query.answer("Noted")
        await query.edit_message_text("Done")

    async def asked(update: ptb.Update, context: ext.ContextTypes.DEFAULT_TYPE) -> None:
        query = update.inline_query
        assert query
        content = ptb.InputTextMessageContent(f"{query.query} is fine")
        title = f"About {query.query}"
        await query.answer([ptb.InlineQueryResultArticle("1", title, content)], cache_time=0)

    application.add_handler(ext.CommandHandler("start", start))
    application.add_handler(ext.CallbackQueryHandler(pressed))
    application.add_handler(ext.InlineQueryHandler(asked))
    return application


async def _ptb_polling(stage: Stage) -> None:
    application = _ptb_application(stage)
    async with application:
        assert application.updater
        await application.start()
        await application.updater.start_polling(poll_interval=0.01, timeout=5)
        try:
            await _play(stage)
        finally:
            await application.updater.stop()
            await application.stop()


async def _ptb_webhook(stage: Stage) -> None:
    """Its own webhook server needs another library, so the updates come by a plain one."""
    application = _ptb_application(stage)

    async def receive(request: web.Request) -> web.Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "secret"
        update = ptb.Update.de_json(await request.json(), application.bot)
        await application.update_queue.put(update)
        return web.Response()

    async with application, _serving(receive) as url:
        await application.start()
        await application.bot.set_webhook(url, secret_token="secret")
        assert (await application.bot.get_webhook_info()).url == url
        try:
            await _play(stage)
        finally:
            await application.bot.delete_webhook()
            await application.stop()


# --- aiogram ---


def _aiogram(stage: Stage) -> tuple[aiogram.Bot, aiogram.Dispatcher]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(stage.telegram.url))
    properties = DefaultBotProperties(parse_mode="HTML")
    bot = aiogram.Bot(stage.bot.token, session=session, default=properties)
    dispatcher = aiogram.Dispatcher()

    @dispatcher.message(CommandStart(deep_link=True))
    async def start(message: aiogram.types.Message, command: Any) -> None:
        assert message.from_user
        button = aiogram.types.InlineKeyboardButton(text="Acknowledge", callback_data="ack:1")
        await message.answer(
            f"<b>Hello</b> {message.from_user.first_name}, {command.args}",
            reply_markup=aiogram.types.InlineKeyboardMarkup(inline_keyboard=[[button]]),
        )

    @dispatcher.callback_query(aiogram.F.data == "ack:1")
    async def pressed(query: aiogram.types.CallbackQuery) -> None:
        assert isinstance(query.message, aiogram.types.Message)
        await query.answer("Noted")
        await query.message.edit_text("Done")

    @dispatcher.inline_query()
    async def asked(query: aiogram.types.InlineQuery) -> None:
        content = aiogram.types.InputTextMessageContent(message_text=f"{query.query} is fine")
        title = f"About {query.query}"
        result = aiogram.types.InlineQueryResultArticle(
            id="1", title=title, input_message_content=content
        )
        await query.answer([result], cache_time=0)

    return bot, dispatcher


async def _aiogram_polling(stage: Stage) -> None:
    bot, dispatcher = _aiogram(stage)
    polling = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, polling_timeout=5)
    )
    try:
        await _play(stage)
    finally:
        await dispatcher.stop_polling()
        await polling


async def _aiogram_webhook(stage: Stage) -> None:
    """Its handler answers the webhook with the first method call."""
    bot, dispatcher = _aiogram(stage)
    handler = SimpleRequestHandler(dispatcher, bot, secret_token="secret")
    async with _serving(handler.handle) as url:
        await bot.set_webhook(url, secret_token="secret")
        try:
            await _play(stage)
        finally:
            await bot.delete_webhook()
            await bot.session.close()


@asynccontextmanager
async def _serving(
    receive: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/telegram", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/telegram"
    finally:
        await runner.cleanup()


RUNS = [_ptb_polling, _ptb_webhook, _aiogram_polling, _aiogram_webhook]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_a_bot_runs_unchanged(bot: Stage, run: Callable[[Stage], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(2 * WAIT):
            await run(bot)

    asyncio.run(limited())


def test_what_people_do_can_be_read(bot: Stage) -> None:
    """aiogram's models refuse an update of another shape than the documented one."""
    bot.telegram.change_bot(bot.bot, inline_feedback=True)
    bot.call("getUpdates", allowed_updates=[*aiogram.types.Update.model_fields])
    _live_in_a_group(bot)
    _live_in_private(bot)
    found = bot.updates()
    seen = {aiogram.types.Update.model_validate(update).event_type for update in found}
    assert seen == {
        "message",
        "edited_message",
        "message_reaction",
        "my_chat_member",
        "chat_member",
        "callback_query",
        "inline_query",
        "chosen_inline_result",
    }
    assert all(ptb.Update.de_json(update, None) for update in found)


def _live_in_a_group(stage: Stage) -> None:
    telegram, ada, bot = stage.telegram, stage.chat, stage.bot
    group = telegram.act(f"/users/{ada.id}/chats", kind="supergroup", bots=[bot.id])
    place = f"/chats/{group['id']}"
    telegram.act(f"{place}/members", user_id=bot.id, status="administrator", from_id=ada.id)
    grace = telegram.create_chat(first_name="Grace", state="never_started")
    for status in ("member", "administrator", "left"):
        telegram.act(f"{place}/members", user_id=grace.id, status=status, from_id=ada.id)
    said = telegram.act(f"{place}/say", from_id=ada.id, text="hello")
    acts: list[tuple[str, Json]] = [
        ("edit", {"text": "hi"}),
        ("react", {"emoji": ["👍"]}),
        ("forward", {"to_chat_id": ada.id}),
    ]
    for act, fields in acts:
        telegram.act(f"{place}/messages/{said['message_id']}/{act}", from_id=ada.id, **fields)
    stage.call("pinChatMessage", chat_id=group["id"], message_id=said["message_id"])
    telegram.act(f"{place}/title", from_id=ada.id, title="New")
    telegram.act(f"{place}/members", user_id=bot.id, status="kicked", from_id=ada.id)


def _live_in_private(stage: Stage) -> None:
    telegram, ada, bot = stage.telegram, stage.chat, stage.bot
    telegram.act(f"/bots/{bot.id}/block", from_id=ada.id)
    telegram.start(bot, ada)
    keyboard = [[{"text": "Contact", "request_contact": True}, {"text": "Who", **WHO}]]
    stage.send("choose", reply_markup={"keyboard": keyboard})
    for text in ("Contact", "Who"):
        telegram.act(f"/chats/{ada.id}/keyboard", text=text, chosen=[ada.id])
    button = {"text": "Ack", "callback_data": "ack"}
    sent = stage.send(reply_markup={"inline_keyboard": [[button]]})
    telegram.press(ada, sent["message_id"], "ack")
    stage.call("deleteMessage", message_id=sent["message_id"])
    telegram.press(ada, sent["message_id"], "ack")
    query = telegram.act(f"/bots/{bot.id}/inline", from_id=ada.id, query="x")
    result = {"type": "contact", "id": "1", "phone_number": "1", "first_name": "A"}
    stage.call("answerInlineQuery", inline_query_id=query["id"], results=[result])
    telegram.act(f"/bots/{bot.id}/inline/{query['id']}/choose", result_id="1")
