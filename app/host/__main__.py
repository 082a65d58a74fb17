"""``python -m app.host``: the system without the console command.

python -m app.host up                   everything, until Ctrl-C
python -m app.host run COMMAND ...      one command with the servers' addresses around it
"""

from __future__ import annotations

import sys

from app.host import servers, supervisor
from app.host.process import HostError
from config import SettingError, load


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["up"]:
                return supervisor.run(load())
            case ["run", _, *_]:
                return servers.execute(load(), arguments[1:])
    except (HostError, SettingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
