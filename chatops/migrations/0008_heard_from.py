from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import OuterRef, Subquery


def keep_what_waits(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What waits to be handled came from the server that the bot has now. Receptions stay without:
    what was agreed before is agreed anew, with another secret."""
    bot = apps.get_model("channels_app", "Bot").objects.filter(pk=OuterRef("bot_id"))
    waiting = apps.get_model("chatops", "InboundUpdate").objects.filter(state="waiting")
    waiting.update(bot_proven_at=Subquery(bot.values("proven_at")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("channels_app", "0001_squashed_0002_tells_admins"),
        ("chatops", "0007_linking"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundupdate",
            name="bot_proven_at",
            field=models.DateTimeField(
                help_text="The bot's, as it was heard: what another token or server said then is "
                "not heard as this one's.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="reception",
            name="bot_proven_at",
            field=models.DateTimeField(
                help_text="The bot's, then: another one has another token, server or proxy.",
                null=True,
            ),
        ),
        migrations.RunPython(keep_what_waits, migrations.RunPython.noop),
    ]
