"""A workflow played without a database: every role, every child, and time that can be moved on.

The engine decides here as it does for real cases, and clocks are counted by the same calendar.
Nothing is sent: notices are kept as what they would have said, and to whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.permissions import Role
from app.workflows import cast, clocks, engine, registry, stage
from app.workflows.acting import Acting
from app.workflows.calendar import Calendar, CalendarError, china
from app.workflows.engine import Compiled
from app.workflows.outcomes import Actor, Choice, ClockState, Reason, Refused
from app.workflows.registry import ROLES, SOURCES
from app.workflows.scenes import NoError, Scene, Scenery, Ticking, no
from app.workflows.spec import SYSTEM, Label, Relation
from app.workflows.stage import Kid, Stage
from app.workflows.tide import SYSTEM_ACTOR, Tide, coming
from app.workflows.trials import FORMAT, MONDAY, Move, Related

LONGEST = timedelta(days=3660)
"""A play ends this long after its beginning."""
PLENTY = 10_000_000


class Play:
    """One case, from before its opening. ``budget`` bounds the work, in about microseconds: what
    goes beyond is refused."""

    def __init__(
        self,
        compiled: Compiled,
        *,
        begins: str = MONDAY,
        calendar: Calendar | None = None,
        scenery: Scenery | None = None,
        budget: int = PLENTY,
    ) -> None:
        calendar = calendar or china(compiled.zone.key)
        local = datetime.strptime(begins, FORMAT).replace(tzinfo=compiled.zone)
        self.began = local.astimezone(UTC)
        at = Stage(compiled, calendar, compiled.zone, self.began)
        self.act = Acting(at, scenery or Scenery(), budget)
        self.scenes: list[Scene] = []

    @property
    def stage(self) -> Stage:
        return self.act.stage

    @property
    def compiled(self) -> Compiled:
        return self.stage.compiled

    @property
    def left(self) -> int:
        return self.act.left

    def take(self, move: Move) -> Scene:
        """Make ``move``: all of it or, with the reasons, nothing."""
        before = self.stage
        self.act.stage = replace(
            before, hand=dict(before.hand), rows=list(before.rows), kids=list(before.kids)
        )
        self.act.history, self.act.notices = [], []
        why: tuple[Reason, ...] = ()
        try:
            getattr(self, f"_{move.kind}")(move)
        except NoError as error:
            why = error.why
        except CalendarError as error:  # the end of time
            said = error.text
            why = no(
                f"这一步无法执行：{said['zh']}", f"this can't be carried out: {said['en']}"
            ).why
        except (ValueError, ArithmeticError, TypeError) as error:
            # a value that a step has set and that no deadline can count with
            why = no(f"这一步无法执行：{error}", f"this can't be carried out: {error}").why
        if why:
            self.act.stage = before
            self.act.history, self.act.notices = [], []
        self.scenes.append(self._scene(move, why))
        return self.scenes[-1]

    def replay(self, moves: Iterable[Move]) -> tuple[Scene, ...]:
        return tuple(self.take(move) for move in moves)

    def _scene(self, move: Move, why: tuple[Reason, ...]) -> Scene:
        at = self.stage
        ticking = tuple(
            Ticking(
                key,
                ClockState(row["status"]),
                row["due_at"],
                row["next_at"],
                row["breached_at"] is not None,
            )
            for key, row in at.last().items()
        )
        history, notices = tuple(self.act.history), tuple(self.act.notices)
        return Scene(move, at.now, at.state, why, history, notices, ticking, at.late())

    # --- who may do what ------------------------------------------------------------------------

    def actor(self, player: str, relations: tuple[Related, ...] | None = None) -> Actor:
        """Who presses as ``player``: with the relations given, else those that the play says."""
        found = self.stage.related(cast.number(player)) if relations is None else relations
        return cast.actor(player, (Relation(name) for name in found))

    def choices(self, actor: Actor) -> tuple[Choice, ...]:
        """Every button of the present state, allowed or with the reasons why not."""
        if not self.stage.state:
            return ()
        facts = self.stage.facts({})
        state, data = self.stage.state, self.stage.data
        found = engine.choices(self.compiled, state, actor=actor, facts=facts, data=data)
        unseen = self._unseen(actor)
        if unseen is None:
            return found
        return tuple(
            Choice(choice.transition, allowed=False, reasons=(unseen,)) for choice in found
        )

    def _unseen(self, actor: Actor) -> Reason | None:
        """Why somebody of the staff doesn't see the case at all in its present state. Which places
        and parties see it, only the database knows."""
        state = self.compiled.states[self.stage.state]
        if not state.visible_to or actor.kind != "user":
            return None
        if actor.roles & {*state.visible_to, Role.ADMIN}:
            return None
        zh, en = state.label.zh, state.label.text("en")
        return Reason("who", Label(zh=f"看不到“{zh}”的事项", en=f"can't see cases in “{en}”"))

    def openers(self) -> list[str]:
        """Who may begin a case; the system always may."""
        return [*(role for role in self.compiled.spec.openers if role in ROLES), SYSTEM]

    # --- moves ----------------------------------------------------------------------------------

    def _open(self, move: Move) -> None:
        assert move.open is not None
        if self.stage.state:
            raise no("事项已经登记", "the case is open already")
        actor = self._player(move.open, ())
        self.act.pay(self.act.price)
        form = cast.numbered(self.compiled.fields, move.form)
        facts = self.stage.facts(form)
        outcome = engine.opening(self.compiled, actor=actor, facts=facts, form=form)
        if isinstance(outcome, Refused):
            raise NoError(*outcome.reasons)
        at = self.stage
        at.creator, at.party = actor.id, move.party
        if move.assignee is not None:
            self._player(move.assignee, ())
            at.assignee = cast.number(move.assignee)
        self.act.follow(outcome, actor, move.open)

    def _press(self, move: Move) -> None:
        assert move.press is not None
        self._opened()
        player = move.player or SYSTEM
        actor = self._player(player, move.relations)
        unseen = self._unseen(actor)
        if unseen is not None:
            raise NoError(unseen)
        form = cast.numbered(self.compiled.fields, move.form)
        refused = self.act.fire(move.press, actor, player, form)
        if refused is not None:
            raise NoError(*refused.reasons)

    def _set(self, move: Move) -> None:
        for name, value in (move.set or {}).items():
            wrong = stage.refusal(self.compiled, name, value)
            if wrong is not None:
                raise NoError(Reason("fact", wrong))
            known = SOURCES.get(name) or registry.fact(name, self.compiled.spec)
            label = known.label if known else Label(zh=name)
            self.stage.hand[name] = list(value) if isinstance(value, tuple) else value
            self.act.note("set", name, label, SYSTEM, form={name: value})

    def _wait(self, move: Move) -> None:
        assert move.wait is not None
        at, span = self.stage, move.wait.span
        if span is None:
            until = coming(at)
            if until is None:
                raise no("没有正在计时的时限", "no deadline is running")
            until = max(until, at.now)
        else:
            until = clocks.later(at.calendar, at.now, span)
        if until - self.began > LONGEST:
            raise no("一次演练最长十年", "a play lasts ten years at most")
        Tide(self.act).advance(until)

    def _end(self, move: Move) -> None:
        assert move.end is not None
        self._opened()
        child = self.compiled.children.get(move.end)
        if child is None:
            raise no(f"没有名为 {move.end} 的子事项", f"there is no child {move.end}")
        running = [i for i, k in enumerate(self.stage.kids) if k.key == child.key and not k.ended]
        if not running:
            raise no(f"“{child.label.zh}”没有未结束的", f"no “{child.label.text('en')}” is running")
        for index in running if move.every else running[:1]:
            kid = self.stage.kids[index]
            self.stage.kids[index] = Kid(kid.key, kid.ref, move.how)
            self.act.note("ended", child.key, child.label, SYSTEM)
            self._report(child.key)

    def _report(self, key: str) -> None:
        """The last child has ended: the parent's event, as far as its rules allow it."""
        event = self.compiled.children[key].when_all_closed
        if event is None or event not in self.compiled.leaving[self.stage.state]:
            return
        if any(kid.key == key and not kid.ended for kid in self.stage.kids):
            return
        refused = self.act.fire(event, SYSTEM_ACTOR, SYSTEM, {})
        if refused is not None:
            # the case asks for more than its children: its people go on by hand
            self.act.history[-1] = replace(self.act.history[-1], why=refused.reasons)

    def _opened(self) -> None:
        if not self.stage.state:
            raise no("事项还没有登记", "no case has been opened yet")

    def _player(self, player: str, relations: tuple[Related, ...] | None) -> Actor:
        if player not in ROLES:
            raise no(f"没有名为 {player} 的角色", f"there is no role {player}")
        return self.actor(player, relations)


def unplayable(compiled: Compiled) -> str | None:
    """A name that leads nowhere and that a play would stumble over; None: there is none."""
    spec = compiled.spec
    notices = [*spec.notify]
    notices += [key for t in spec.transitions for key in t.notify]
    notices += [key for d in spec.deadlines for level in d.levels for key in level.notify]
    children = [key for t in spec.transitions for key in t.spawn]
    sets = [key for t in spec.transitions for e in t.effects for key in e.set or {}]
    for used, known in (
        (notices, compiled.notices),
        (children, compiled.children),
        (sets, compiled.fields),
    ):
        missing: str | None = next((key for key in used if key not in known), None)
        if missing is not None:
            return missing
    return None
