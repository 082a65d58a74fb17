"""The entry of the console command ``sifang``."""

from __future__ import annotations

import sys
import warnings

from flask.cli import FlaskGroup

from app.cli import attach
from app.factory import create_app
from config import SettingError


def main() -> None:
    # A library's deprecation is news for us, not for an operator.
    warnings.simplefilter("ignore", DeprecationWarning)
    group = FlaskGroup(
        name="sifang",
        create_app=create_app,
        add_version_option=False,
        help="Sifang 四方: workflows of community governance.",
    )
    attach(group)
    try:
        group(windows_expand_args=False)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
