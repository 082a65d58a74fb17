"""A small system for the supervisor's tests: ``python -m tests.stage VAR NAME ...``.

Each name is one of SCRIPTS; "servers" puts the real PostgreSQL and Redis before them. "patient"
lets everybody take a minute to end, so that who is quick can be told from who was killed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import config
from app.host import state, supervisor
from app.host.logs import Log
from app.host.plan import Plan
from app.host.process import HostError, Program
from app.host.servers import Servers, environment
from app.host.stamp import Stamp
from app.host.supervisor import Supervisor

SCRIPTS = {
    "steady": "import time; print('here', flush=True); time.sleep(600)",
    "stubborn": (
        "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True));"
        "print('deaf', flush=True); time.sleep(600)"
    ),
    "mortal": "import sys; print('born', flush=True); sys.exit(3)",
    "parent": (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('child', child.pid, flush=True); time.sleep(600)"
    ),
    "chatty": (
        "import sys; sys.stdout.buffer.write('半行'.encode() + b'\\n\\xff\\nx' + b'y' * 100000);"
        "sys.stdout.flush(); import time; time.sleep(600)"
    ),
    "asks": (
        "import config, time; s = config.load(); print(s.database_url, s.redis_url, flush=True);"
        "time.sleep(600)"
    ),
}


def program(name: str) -> Program:
    return Program(name, (sys.executable, "-c", SCRIPTS[name]))


def main(folder: str, names: list[str]) -> int:
    settings = config.load({"SIFANG_VAR": folder})
    try:
        claim = state.claim(Path(folder))
    except HostError as error:
        sys.exit(str(error))
    sys.stdout.write("".join(f"ended {name}\n" for name in claim.end_left_over()))
    servers = Servers(settings) if "servers" in names else None

    def provide() -> dict[str, str]:
        if servers is None:
            return {}
        found = servers.provide()
        claim.answering(found)
        return environment(found)

    plan = Plan(
        servers=servers.programs() if servers else (),
        provide=provide,
        steps=[Program("step", (sys.executable, "-c", "print('done')"))]
        + [Program("broken", (sys.executable, "-c", "import sys; sys.exit('no')"))]
        * ("broken" in names),
        programs=[program(name) for name in names if name in SCRIPTS],
        words=Program("words", (sys.executable, "-c", "print('last words')")),
        greeting="up",
        stamp=Stamp(Path(folder) / "stamp", lambda: "same") if "stamp" in names else None,
    )
    if "patient" in names:
        supervisor.PROGRAMS_SECONDS = supervisor.SERVERS_SECONDS = 60.0
    code = Supervisor(claim, Log(sys.stdout)).run(plan)
    claim.release()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
