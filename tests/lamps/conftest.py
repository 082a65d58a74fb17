"""The small template, published, and those who work at it."""

from __future__ import annotations

import pytest

from tests import lamps
from tests.lamps import Ground
from tests.visitor import Visitor


@pytest.fixture
def row(session, cast, now):
    row = lamps.publish(session, now)
    session.commit()
    return row


@pytest.fixture
def ground(session, cast, now, row):
    return Ground(session, cast, now, row)


@pytest.fixture
def designer(app, row):
    return Visitor(app).sign_in("designer").speak("en")
