"""How updates come in, as people see it: on the console, by REST, in commands; and to whom what
came is shown."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Organization, Role
from botapi.client import TELEGRAM_API_URL
from channels_app.loans import lend_bot
from channels_app.models import Bot
from chatops import processing
from chatops.figures import read as read_figures
from chatops.incoming import read_update
from chatops.models import InboundUpdate, Reception
from chatops.receiving import agreeing, inbox
from chatops.receiving.reception_advice import Trouble, problem
from chatops.receiving.receptions import reception_of
from config.quickstart import Wanted, set_up
from deliveries import clock
from tests.chatops.conftest import Talk
from tests.chatops.test_processing import message
from tests.console import Person
from tests.factories import make_bot, make_channel, make_organization, make_token
from tests.rest import Api

LIST = "/chatops/inboundupdate/"
STRANGER = 7_700_770_077
FOREIGN = problem(Trouble.FOREIGN_WEBHOOK, detail="The webhook is at other.example.net.")


def page_of(bot: Bot) -> str:
    return f"/channels_app/bot/{bot.pk}/change/"


def update_of(bot: Bot, update_id: int, **values: Any) -> InboundUpdate:
    raw = message(update_id, STRANGER, f"text {update_id}")
    inbox.store(bot, [(read_update(raw), raw)])
    rows = InboundUpdate.objects.filter(bot=bot, update_id=update_id)
    rows.update(**values)
    return rows.get()


@pytest.mark.django_db
def test_new_bots_poll_unless_somebody_says_otherwise() -> None:
    api = Api()
    made = api.post("bots/", {"name": "a", "token": make_token(5_000_501)}).json()
    assert made["updates"] == "polling"
    assert made["reception"]["is_settled"] is False
    body = {"name": "b", "token": make_token(5_000_502), "updates": "none"}
    made = api.post("bots/", body).json()
    assert made["updates"] == "none"
    person = Person()
    person.send("/channels_app/bot/add/", name="c", token=make_token(5_000_503))
    assert Bot.objects.get(name="c").updates == "polling"
    set_up(Wanted(bot_token=make_token(5_000_504)))
    assert Bot.objects.get(telegram_id=5_000_504).updates == "polling"


@pytest.mark.django_db
def test_a_way_that_cannot_be_is_refused_by_name(settings: Any) -> None:
    settings.TELEGRAM_API_URL = "https://api.telegram.org"
    api = Api()
    bot = make_bot(api.organization)
    for way, words in (("webhook", "https addresses alone"), ("fax", "Use one of ")):
        answer = api.patch(f"bots/{bot.pk}/", {"updates": way})
        assert answer.status_code == 400
        assert words in answer.content.decode()
    person = Person(api.organization)
    page = person.send(page_of(bot), 200, name="x", enabled="on", updates="webhook")
    assert "https addresses alone" in page
    assert person.send(page_of(bot), name="x", enabled="on", updates="polling")
    assert Bot.objects.get(pk=bot.pk).updates == "polling"
    person.send(page_of(bot), name="y", enabled="on")
    assert Bot.objects.get(pk=bot.pk).updates == "polling", "what is not sent stays"


@pytest.mark.django_db
def test_the_owner_sees_how_it_goes_and_takes_over() -> None:
    api = Api()
    bot = make_bot(api.organization, updates="polling")
    reception_of(bot)
    Reception.objects.update(
        problem=FOREIGN,
        poller="host-7:1:x",
        received_at=clock.now(),
        webhook={"host": "other.example.net", "ours": False, "pending_update_count": 42},
    )
    shown = api.get(f"bots/{bot.pk}/").json()["reception"]
    assert shown["polled_by"] == "host-7"
    assert shown["webhook"]["pending_update_count"] == 42
    assert [one["problem"] for one in shown["problems"]] == ["foreign_webhook"]
    person = Person(api.organization, Role.ADMIN)
    page = person.read(page_of(bot))
    for words in ("other.example.net", "Long polling", "(host-7 asks)", "42", "Take over"):
        assert words in page
    press = f"/channels_app/bot/{bot.pk}/press/take-over/"
    asked = person.send(press, 200)
    assert "hears nothing of this bot any more" in asked
    assert Reception.objects.get().errand == ""
    person.send(press, confirmed="1")
    assert Reception.objects.get().errand == "take_over"
    assert "“Take over” is under way" in person.read(page_of(bot))


@pytest.mark.django_db
def test_a_borrower_sees_nothing_of_it() -> None:
    owner, borrower = make_organization(), make_organization()
    bot = make_bot(owner, updates="polling")
    reception_of(bot)
    Reception.objects.update(problem=FOREIGN)
    lend_bot(COMMAND_LINE, bot, borrower)
    api = Api(borrower)
    assert api.get(f"bots/{bot.pk}/").json()["reception"] is None
    for verb in ("take-over", "log-out", "close"):
        assert api.post(f"bots/{bot.pk}/{verb}/").status_code == 404
    person = Person(borrower)
    page = person.read(page_of(bot))
    assert "other.example.net" not in page
    assert "Take over" not in page
    person.send(f"/channels_app/bot/{bot.pk}/press/take-over/", 403)
    assert Reception.objects.get().errand == ""


@pytest.mark.django_db
def test_taking_over_needs_a_way_and_a_role() -> None:
    api = Api()
    bot = make_bot(api.organization)
    answer = api.post(f"bots/{bot.pk}/take-over/")
    assert answer.status_code == 409
    assert "Choose first" in answer.json()["detail"]
    assert Api(api.organization, Role.RESPONDER).post(f"bots/{bot.pk}/close/").status_code == 403


@pytest.mark.django_db
def test_leaving_by_rest_and_by_command_disables_the_bot() -> None:
    api = Api()
    bot = make_bot(api.organization, updates="polling")
    shown = api.post(f"bots/{bot.pk}/log-out/").json()
    assert (shown["enabled"], shown["reception"]["errand"]) == (False, "log_out")
    other = make_bot(api.organization)
    told = StringIO()
    call_command("leave_server", str(other.telegram_id), "--close", stdout=told)
    assert "is disabled" in told.getvalue()
    assert Reception.objects.get(bot=other).errand == "close"
    assert AuditEntry.objects.filter(action__in=("log out", "close")).count() == 2
    with pytest.raises(CommandError, match="No bots"):
        call_command("leave_server", "@nobody", "--close")


@pytest.mark.django_db
def test_what_telegram_met_with_is_shown_until_updates_come() -> None:
    api = Api()
    bot = make_bot(api.organization, updates="webhook")
    row = reception_of(bot)
    at = clock.now()
    said = "Wrong response from the webhook: 403 Forbidden"
    row.webhook = {
        "host": "testserver",
        "ours": True,
        "pending_update_count": 3,
        "ip_address": "",
        "last_error_at": at.isoformat(),
        "last_error_message": said,
        "max_connections": 10,
    }
    row.save()
    (shown,) = api.get(f"bots/{bot.pk}/").json()["reception"]["problems"]
    assert shown["telegram"] == said
    assert "drops the header" in shown["advice"]
    Reception.objects.update(received_at=at + timedelta(seconds=1))
    assert api.get(f"bots/{bot.pk}/").json()["reception"]["problems"] == []


@pytest.mark.django_db
def test_admins_see_what_came_and_of_strangers_the_kind_alone() -> None:
    person = Person(role=Role.ADMIN)
    organization = person.organization
    bot = make_bot(organization)
    own = update_of(bot, 1, organization=organization, state="done", outcome="acknowledged")
    strange = update_of(bot, 2, state="dead", outcome="KeyError")
    page = person.read(LIST)
    for words in ("acknowledged", "text 1", "KeyError", "from nobody known here"):
        assert words in page
    assert "text 2" not in page
    assert "text 1" in person.read(f"{LIST}{own.pk}/change/")
    detail = person.read(f"{LIST}{strange.pk}/change/")
    assert "text 2" not in detail
    assert str(STRANGER) not in detail
    assert Person(organization, Role.RESPONDER).client.get(LIST).status_code == 403
    assert "text 1" not in person.read(f"{LIST}?state__exact=dead")
    assert "KeyError" in person.read(f"{LIST}?bot__id__exact={bot.pk}")


@pytest.mark.django_db
def test_updates_of_others_are_not_there() -> None:
    owner, borrower = make_organization(), make_organization()
    bot = make_bot(owner)
    lend_bot(COMMAND_LINE, bot, borrower)
    theirs = update_of(bot, 1, organization=borrower, state="dead", outcome="KeyError")
    nobodys = update_of(bot, 2, state="dead", outcome="ValueError")
    mine, other = Person(borrower), Person(owner)
    assert "KeyError" in mine.read(LIST)
    assert "ValueError" not in mine.read(LIST)
    assert "KeyError" not in other.read(LIST)
    assert "ValueError" in other.read(LIST)
    for person, row in ((other, theirs), (mine, nobodys), (Person(), theirs)):
        assert person.client.get(f"{LIST}{row.pk}/change/").status_code in (302, 404)
        person.client.post(f"{LIST}{row.pk}/press/retry/")
        row.refresh_from_db()
        assert row.state == "dead"


@pytest.mark.django_db
def test_what_was_given_up_is_tried_again_by_an_admin() -> None:
    person = Person()
    row = update_of(make_bot(person.organization), 1, state="dead", attempts=5, outcome="KeyError")
    person.send(f"{LIST}{row.pk}/press/retry/")
    row.refresh_from_db()
    assert (row.state, row.attempts, row.claim) == ("waiting", 0, None)
    assert AuditEntry.objects.filter(action="retry").count() == 1
    with pytest.raises(ValueError, match="not given up"):
        inbox.retry(COMMAND_LINE, row)
    processing.process_due()
    row.refresh_from_db()
    assert row.state == "done"


def test_on_a_lent_bot_an_update_is_the_organizations_whose_chat_it_is(talk: Talk) -> None:
    borrower: Organization = make_organization()
    lend_bot(COMMAND_LINE, talk.bot, borrower)
    make_channel(talk.bot, organization=borrower, chat_id=88)
    make_channel(talk.bot, chat_id=99)
    raws = [message(1, 88, "hello"), message(2, 99, "hello"), message(3, 77, "hello")]
    inbox.store(talk.bot, [(read_update(raw), raw) for raw in raws])
    processing.process_due()
    found = InboundUpdate.objects.order_by("update_id").values_list("organization", flat=True)
    assert list(found) == [borrower.pk, talk.organization.pk, None]


@pytest.mark.django_db
def test_figures_count_bots_that_do_not_receive() -> None:
    organization = make_organization()
    for way in ("polling", "webhook", "none"):
        make_bot(organization, updates=way)
    now = clock.now() + timedelta(minutes=5)
    assert (read_figures(now).receiving, read_figures(now).not_receiving) == (0, 2)
    for bot in Bot.objects.exclude(updates="none"):
        reception_of(bot)
    Reception.objects.update(is_settled=True, polled_at=now - timedelta(minutes=4))
    assert (read_figures(now).receiving, read_figures(now).not_receiving) == (1, 1)
    Reception.objects.update(polled_at=now)
    assert (read_figures(now).receiving, read_figures(now).not_receiving) == (2, 0)
    assert read_figures(clock.now()).not_receiving == 0, "a new bot has its time"
    update_of(Bot.objects.first(), 1)  # type: ignore[arg-type]  # there is one
    update_of(Bot.objects.first(), 2, state="dead")  # type: ignore[arg-type]  # as above
    InboundUpdate.objects.update(received_at=F("received_at") - timedelta(minutes=2))
    figures = read_figures(clock.now())
    assert (figures.waiting, figures.dead) == (1, 1)
    assert timedelta(minutes=2) <= figures.late_by < timedelta(minutes=3)


def test_a_look_at_telegram_costs_nothing_where_nobody_wants_updates(talk: Talk) -> None:
    assert agreeing.agree_due() == 0
    assert not Reception.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("button", "server"),
    [("log-out", TELEGRAM_API_URL), ("close", "http://127.0.0.1:8081")],
)
def test_a_bot_leaves_its_server_once_that_is_confirmed(
    button: str, server: str, settings: Any
) -> None:
    """One press beside "Check now" would silence it."""
    settings.TELEGRAM_API_URL = server
    person = Person()
    bot = make_bot(person.organization)
    press = f"/channels_app/bot/{bot.pk}/press/{button}/"
    asked = person.send(press, 200)
    assert "The bot is disabled until you enter that server and the token." in asked
    bot.refresh_from_db()
    assert bot.enabled
    person.send(press, confirmed="1")
    bot.refresh_from_db()
    assert not bot.enabled
