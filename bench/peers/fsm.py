"""django-fsm-2 with a log of transitions, on Django's models."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from rows import STEPS, Ground, both, due, entry, now, seal
from serve import serve

parts = urlsplit(sys.argv[1])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.strip("/"),
            "USER": parts.username,
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parse_qs(parts.query)["host"][0],
            "CONN_MAX_AGE": None,
        }
    },
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import models, transaction  # noqa: E402
from django_fsm import FSMField  # noqa: E402
from django_fsm import transition as moving  # noqa: E402
from django_fsm.signals import post_transition  # noqa: E402


class Table(models.Model):
    class Meta:
        abstract = True
        managed = False
        app_label = "bench"


def buttons() -> dict[str, Any]:
    made = {}
    for number in range(1, STEPS + 1):

        def press(self: Any) -> None:
            """Nothing but the transition."""

        press.__name__ = f"go{number}"
        button = moving(field="state", source=f"s{number - 1}", target=f"s{number}")
        made[press.__name__] = button(press)
    return made


class Matter(Table):
    number = models.TextField()
    title = models.TextField()
    state = FSMField(default="s0", protected=True)
    state_label = models.JSONField()
    state_kind = models.CharField(max_length=60)
    assignee_id = models.IntegerField()
    data = models.JSONField(default=dict)
    row_version = models.IntegerField(default=0)
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    seq = models.IntegerField(default=0)
    head = models.BinaryField()

    class Meta(Table.Meta):
        db_table = "case"

    locals().update(buttons())


class Event(Table):
    case_id = models.BigIntegerField()
    seq = models.IntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    event = models.CharField(max_length=60)
    label = models.JSONField()
    source = models.CharField(max_length=60)
    target = models.CharField(max_length=60)
    target_label = models.JSONField()
    actor_kind = models.CharField(max_length=60)
    actor_id = models.IntegerField()
    actor_name = models.CharField(max_length=200)
    data = models.JSONField()
    before = models.BinaryField()
    hash = models.BinaryField()

    class Meta(Table.Meta):
        db_table = "event"


class Clock(Table):
    case_id = models.BigIntegerField()
    key = models.CharField(max_length=60)
    label = models.JSONField()
    status = models.CharField(max_length=40)
    log = models.JSONField()
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)

    class Meta(Table.Meta):
        db_table = "clock"


class Notice(Table):
    case_id = models.BigIntegerField()
    user_id = models.IntegerField()
    channel = models.CharField(max_length=60)
    key = models.CharField(max_length=60)
    subject = models.JSONField()
    body = models.JSONField()
    dedupe = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)

    class Meta(Table.Meta):
        db_table = "notice"


ground = Ground(sys.argv[1])


def record(sender: Any, instance: Any, name: str, source: str, target: str, **_: Any) -> None:
    """The log, as the library's signal has it written."""
    at, number = now(), int(target[1:])
    last = number == STEPS
    clock = Clock.objects.get(case_id=instance.id, status="running")
    clock.status, clock.stopped_at, clock.next_at = "stopped", at, None
    clock.log.append(entry(at, "stop"))
    clock.save()
    if not last:
        start(instance.id, number, at)
    label, before = both("完成" if last else f"第{number}步"), bytes(instance.head)
    instance.changed_at, instance.state_label = at, label
    instance.state_kind = "done" if last else "open"
    instance.closed_at, instance.due_at = (at, None) if last else (None, due(at))
    instance.seq += 1
    instance.head = seal(before, instance.id, instance.seq, at.isoformat(), name, source, target)
    Event.objects.create(
        case_id=instance.id,
        seq=instance.seq,
        at=at,
        kind="moved",
        event=name,
        label=both(f"到第{number}步"),
        source=source,
        target=target,
        target_label=label,
        actor_kind="user",
        actor_id=ground.actor[0],
        actor_name=ground.actor[1],
        data={"clocks": [{"key": source, "action": "stop"}]},
        before=before,
        hash=instance.head,
    )
    Notice.objects.create(
        case_id=instance.id,
        user_id=instance.assignee_id,
        channel="inapp",
        key="moved",
        subject=both(f"{instance.number} {label['zh']}"),
        body=both(f"{instance.title}：{label['zh']}"),
        dedupe=f"{instance.id}:{instance.seq}:moved:{instance.assignee_id}:inapp",
        created_at=at,
        next_at=at,
    )


def start(case_id: int, number: int, at: datetime) -> None:
    Clock.objects.create(
        case_id=case_id,
        key=f"d{number}",
        label=both(f"时限{number}"),
        status="running",
        log=[entry(at, "start")],
        started_at=at,
        due_at=due(at),
        next_at=at + timedelta(hours=19),
    )


def step(case_id: int, event: str) -> None:
    with transaction.atomic():
        matter = Matter.objects.select_for_update().get(id=case_id)
        getattr(matter, event)()
        matter.row_version += 1
        matter.save()


if __name__ == "__main__":
    post_transition.connect(record, sender=Matter)
    serve(ground.begin, step)
