"""A new meeting's form, read into a plan."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from flask import request
from flask_babel import gettext as _

from app.errors import InvalidError, Problem
from app.models import DecisionRule, Voices
from app.services import floor
from app.services.agenda import Proposal
from app.services.guests import Candidate, Guest
from app.services.invitations import Invited, Plan, Topic
from app.views.meeting import sent

ROWS = 5
"""Items that the form has room for; more are added on the meeting's page."""
_NAMES = re.compile(r"[\n,，、;；]+")


@dataclass(frozen=True, slots=True)
class Picked:
    """What is ticked: parties by id, people as ``party:user``, proposals by key."""

    parties: frozenset[int]
    guests: frozenset[str]
    proposals: frozenset[str]


def usual(parties: Iterable[Candidate], proposals: Iterable[Proposal]) -> Picked:
    """Before anybody has ticked anything: the four with their staff, and what is not yet done."""
    parties = list(parties)
    return Picked(
        frozenset(party.id for party in parties if party.usual),
        frozenset(f"{party.id}:{guest.user_id}" for party in parties for guest in party.guests),
        frozenset(proposal.key for proposal in proposals),
    )


def picked() -> Picked:
    """What this request has ticked."""
    parties = (sent.integer(value) for value in request.form.getlist("party"))
    return Picked(
        frozenset(party for party in parties if party is not None),
        frozenset(request.form.getlist("guest")),
        frozenset(request.form.getlist("proposal")),
    )


def shares() -> list[tuple[str, str]]:
    return [
        ("0", _("no requirement")),
        ("1/3", _("at least a third")),
        ("1/2", _("at least half")),
        ("2/3", _("at least two thirds")),
        ("3/4", _("at least three quarters")),
        ("1", _("everybody")),
    ]


def read(
    parties: Iterable[Candidate],
    proposals: Iterable[Proposal],
    chosen: Picked,
    problems: Iterable[Problem] = (),
) -> Plan:
    """The plan that was sent, without its place. Raises InvalidError with everything that is
    wrong at once, ``problems`` included."""
    wrong = _Wrong(list(problems))
    plan = Plan(
        title=wrong.text("title", most=200),
        place_id=0,
        scheduled_at=wrong.moment("scheduled_at"),
        room=wrong.text("room", least=0, most=200),
        basis=wrong.text("basis", least=0, most=200),
        parties=tuple(wrong.invited(party) for party in parties if party.id in chosen.parties),
        topics=(*_taken_up(proposals, chosen), *wrong.topics()),
        quorum_parties=wrong.number("quorum_parties"),
        quorum_heads=Fraction(wrong.choice("quorum_heads", [key for key, _text in shares()])),
        decision=DecisionRule(wrong.choice("decision", [rule.value for rule in DecisionRule])),
        voices=Voices(wrong.choice("voices", [voice.value for voice in Voices])),
    )
    if wrong.problems:
        raise InvalidError(*wrong.problems)
    return plan


def _taken_up(proposals: Iterable[Proposal], chosen: Picked) -> list[Topic]:
    return [
        Topic(one.title, one.text, one.case_id, one.earlier_id)
        for one in proposals
        if one.key in chosen.proposals
    ]


@dataclass(slots=True)
class _Wrong:
    """Reads one control after the other and collects what is wrong."""

    problems: list[Problem]

    def text(self, name: str, *, least: int = 1, most: int) -> str:
        try:
            return floor.read(sent.text(name), name, least=least, most=most)
        except InvalidError as error:
            self.problems += error.problems
            return ""

    def moment(self, name: str) -> datetime:
        try:
            return sent.moment(name)
        except InvalidError as error:
            self.problems += error.problems
            return datetime.min.replace(tzinfo=UTC)

    def number(self, name: str) -> int | None:
        typed = unicodedata.normalize("NFKC", sent.text(name)).strip()
        if not typed:
            return None
        found = sent.integer(typed)
        if found is None:
            words = {"zh": "请填写整数。", "en": "Write a whole number."}
            self.problems.append(Problem(words, name))
        return found

    def choice(self, name: str, known: list[str]) -> str:
        given = sent.text(name)
        if given in known:
            return given
        words = {"zh": "请从列表中选择。", "en": "Choose one from the list."}
        self.problems.append(Problem(words, name))
        return known[0]

    def invited(self, party: Candidate) -> Invited:
        ticked = set(request.form.getlist("guest"))
        there = [guest for guest in party.guests if f"{party.id}:{guest.user_id}" in ticked]
        others = [name.strip() for name in _NAMES.split(sent.text(f"others-{party.id}"))]
        try:
            names = [floor.read(name, "name", most=200) for name in others if name]
        except InvalidError as error:
            self.problems += [Problem(problem.text, "parties") for problem in error.problems]
            names = []
        return Invited(party.id, (*there, *(Guest(name) for name in names)))

    def topics(self) -> list[Topic]:
        found = []
        for row in range(1, ROWS + 1):
            title, about = sent.text(f"topic-{row}").strip(), sent.text(f"about-{row}").strip()
            if not title and not about:
                continue
            try:
                found.append(
                    Topic(
                        floor.read(title, "title", most=200, called="topic"),
                        floor.read(about, "text", least=0),
                    )
                )
            except InvalidError as error:
                self.problems += [Problem(problem.text, "topics") for problem in error.problems]
        return found
