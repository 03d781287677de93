"""Buttons under alerts. In channels that there are already nobody gains anything by the upgrade:
their buttons are for linked members until an admin says otherwise."""

from typing import Any

from django.db import migrations, models

import channels_app.models


def keep_existing_to_members(apps: Any, schema_editor: Any) -> None:
    """Who could only read so far does not act from one day to the next."""
    apps.get_model("channels_app", "NotificationChannel").objects.update(actions="members")


class Migration(migrations.Migration):
    dependencies = [
        ("channels_app", "0001_squashed_0002_tells_admins"),
    ]

    operations = [
        migrations.AddField(
            model_name="notificationchannel",
            name="actions",
            field=models.CharField(
                choices=[
                    ("anyone", "Anyone in the chat"),
                    ("members", "Members with a linked Telegram account"),
                    ("nobody", "Nobody: no buttons"),
                ],
                db_default="anyone",
                default="anyone",
                help_text="Of the buttons under alerts, such as Acknowledge. In a public chat, "
                "which everybody can join, Anyone means members as well. Buttons need a bot that "
                "receives updates.",
                max_length=7,
                verbose_name="who may press buttons",
            ),
        ),
        migrations.AddField(
            model_name="notificationchannel",
            name="trail",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="What people do about an alert is also said in a short reply to it.",
                verbose_name="replies about actions",
            ),
        ),
        migrations.AddField(
            model_name="notificationchannel",
            name="silence_durations",
            field=models.JSONField(
                db_default=models.Value(["1h", "4h"], models.JSONField()),
                default=channels_app.models.default_durations,
                help_text='Of the Silence buttons, such as ["1h", "4h"]; none: no such buttons.',
            ),
        ),
        migrations.RunPython(keep_existing_to_members, migrations.RunPython.noop),
    ]
