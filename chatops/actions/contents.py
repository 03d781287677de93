"""What an endpoint is told of a run. The token comes with the call alone, and is not stored."""

from typing import Any

from django.conf import settings

from alerts.group_views import console_url
from chatops.actions.tokens import token_of
from chatops.context import Context
from chatops.models import ActionRun, EndpointCall


def who_of(context: Context) -> dict[str, Any]:
    """Who asked: as Telegram shows them, and as a member."""
    sender, member = context.incoming.sender, context.membership
    telegram = None
    if sender is not None:
        telegram = {"id": sender.id, "name": sender.name, "username": sender.username}
    named = None
    if member is not None and context.user is not None:
        name = context.user.get_full_name() or context.user.email
        named = {"id": str(member.pk), "name": name, "role": str(member.role)}
    return {"telegram": telegram, "member": named}


def content_of(run: ActionRun) -> dict[str, Any]:
    """The call's, but for what `with_reply` adds."""
    chat, channel = run.chat, run.channel
    return {
        "event": EndpointCall.Event.ACTION.value,
        "run": {
            "id": str(run.pk),
            "action": run.name,
            "argument": run.argument,
            "test": run.is_test,
            "asked_at": run.asked_at.isoformat(),
            "answer_until": run.expires_at.isoformat(),
            "asked_by": {"name": run.asked_by, **run.who},
            "channel": {"id": str(channel.pk), "name": channel.name} if channel else None,
            "chat": {"id": chat.chat_id, "type": chat.type, "title": chat.title} if chat else None,
            "topic": run.message_thread_id or None,
            "alert": _alert(run),
        },
    }


def with_reply(call: EndpointCall) -> dict[str, Any]:
    """The content as it leaves: with where to post, and what proves that one may."""
    run_id = call.run_id
    if run_id is None:
        return dict(call.content)
    url = f"{settings.SITE_URL}/runs/{run_id}/"
    return {**call.content, "respond": {"url": url, "token": token_of(run_id)}}


def _alert(run: ActionRun) -> dict[str, Any] | None:
    """As the chat was told of it."""
    group = run.group
    if group is None:
        return None
    return {
        "id": str(group.pk),
        "title": group.title,
        "status": group.status,
        "severity": group.severity,
        "labels": group.labels,
        "opened_at": group.opened_at.isoformat(),
        "acknowledged_by": group.acknowledged_by,
        "url": console_url(group),
    }
