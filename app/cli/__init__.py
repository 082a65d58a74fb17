"""The console command ``sifang``: everything that an operator or a script does.

Exit codes: 0 done; 1 the answer is no (a faulty file, a refused step, a broken chain); 2 the call
itself is wrong.
"""

from __future__ import annotations

from flask.cli import FlaskGroup

from app.cli.audit import audit
from app.cli.calendars import calendars
from app.cli.cases import case
from app.cli.channels import channels
from app.cli.consultations import consultation
from app.cli.deploy import demo_logins, deploy, seed, up
from app.cli.users import users
from app.cli.workflows import workflows

COMMANDS = (
    up,
    deploy,
    seed,
    demo_logins,
    workflows,
    users,
    case,
    consultation,
    audit,
    calendars,
    channels,
)


def attach(group: FlaskGroup) -> None:
    for command in COMMANDS:
        group.add_command(command)
