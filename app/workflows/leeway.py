"""What places may vary of a template, and how far: the part ``vary`` of a workflow file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from app.workflows.spans import Duration
from app.workflows.terms import Key, Name, Spec, listed


class RoleLeeway(Spec):
    """Who a place may give a step to: at least one of ``among``. Steps of one key go together."""

    transition: Key
    among: tuple[Name, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="before")
    @classmethod
    def _one_role(cls, value: Any) -> Any:
        return listed(value, "among")


class TimeLeeway(Spec):
    """How long a place may make a deadline's ``within``; its other times stay the template's."""

    deadline: Key
    least: Duration
    most: Duration

    @model_validator(mode="after")
    def _in_order(self) -> TimeLeeway:
        if self.least.unit is not self.most.unit:
            raise ValueError("least and most need one unit")
        if self.least.amount > self.most.amount:
            raise ValueError("least is more than most")
        return self


class Leeway(Spec):
    """What isn't named here, no place may change."""

    labels: bool = False
    """The words of states, steps, fields, deadlines and children, and the workflow's own."""
    roles: tuple[RoleLeeway, ...] = Field(default=(), max_length=500)
    times: tuple[TimeLeeway, ...] = Field(default=(), max_length=200)


def _something(value: Leeway | None) -> Leeway | None:
    return None if value == Leeway() else value


Vary = Annotated[Leeway | None, AfterValidator(_something)]
"""A leeway without any leave is none."""
