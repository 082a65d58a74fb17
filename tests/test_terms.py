"""The words of a spec, written and read back."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflows.terms import All, Test


@pytest.mark.parametrize("value", [True, False, 0, 1, None, "1", "2/3", ("a", 1)])
def test_a_literal_comes_back_as_it_was_even_where_defaults_are_left_out(value: Any) -> None:
    condition = All(all=(Test(fact="agenda.count", value=value),))
    plain = condition.model_dump(mode="json", exclude_defaults=True)
    (back,) = All.model_validate(plain).all
    assert isinstance(back, Test)
    assert (back.value, type(back.value)) == (value, type(value))
