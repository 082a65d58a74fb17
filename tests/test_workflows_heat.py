"""Figures on a picture: quarters, numbers beside the words, and what nobody used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.workflows import graph, heat, layout, picture
from app.workflows.graph import Graph
from app.workflows.heat import Figures
from app.workflows.spec import Workflow
from tests.matters import MATTER


def matter() -> Graph:
    return graph.of(Workflow.model_validate(MATTER), "zh")


def figures(states: dict[str, float], steps: dict[tuple[str, str, str], float]) -> Figures:
    return Figures(states, steps, frozenset((source, target) for source, target, _ in steps))


def shown(value: float) -> str:
    return f"{value:.0f}"


def told(of: Figures) -> dict[tuple[str, str], tuple[str, ...]]:
    """The words of each arrow."""
    links = heat.told(matter(), of, shown).links
    return {(link.source, link.target): link.texts for link in links}


@given(st.dictionaries(st.integers(), st.floats(0, 1e9), max_size=30))
def test_more_is_never_colder_and_the_most_is_hottest(values: dict[int, float]) -> None:
    found = heat.levels(values)
    assert set(found) == {key for key, value in values.items() if value > 0}
    assert all(1 <= level <= heat.LEVELS for level in found.values())
    for one, level in found.items():
        for other, second in found.items():
            if values[one] >= values[other]:
                assert level >= second
    if found:
        assert found[max(found, key=lambda key: values[key])] == heat.LEVELS


def test_quarters_are_those_of_the_different_figures() -> None:
    values = {"a": 1.0, "b": 1.0, "c": 2.0, "d": 3.0, "e": 4.0, "f": 0.0}
    assert heat.levels(values) == {"a": 1, "b": 1, "c": 2, "d": 3, "e": 4}
    assert [(b.level, b.least, b.most) for b in heat.bands(values)] == [
        (1, 1, 1),
        (2, 2, 2),
        (3, 3, 3),
        (4, 4, 4),
    ]
    assert heat.levels({}) == {}
    assert heat.bands({}) == []


def test_a_figure_stands_in_its_box_and_beside_its_button() -> None:
    given_ = figures({"doing": 7}, {("new", "doing", "state"): 12, ("doing", "paused", "pause"): 3})
    made = matter()
    marks = heat.marks(made, given_, shown)
    assert (marks.states["doing"].looks, marks.states["doing"].note) == (("heat-4",), "7")
    assert "new" not in marks.states
    assert marks.arrows["new", "doing"].looks == ("heat-4",)
    assert marks.arrows["doing", "paused"].looks == ("heat-2",)
    assert marks.arrows["paused", "doing"].looks == (heat.UNUSED,)
    texts = {
        link.source + ">" + link.target: link.texts for link in heat.told(made, given_, shown).links
    }
    assert texts["new>doing"] == ("受理 · 12",)
    assert texts["paused>doing"] == ("恢复 · 0",)


def test_of_buttons_that_stay_only_the_used_ones_are_drawn() -> None:
    given_ = figures({}, {("doing", "doing", "hand_over"): 5})
    (link,) = [
        link
        for link in heat.told(matter(), given_, shown).links
        if link.source == link.target == "doing"
    ]
    assert link.texts == ("交办 · 5",)
    none = heat.told(matter(), figures({}, {}), shown).links
    assert all(len(link.texts) == 1 for link in none if link.source == link.target)


def test_the_picture_is_drawn_with_heat() -> None:
    given_ = figures({"doing": 7}, {("new", "doing", "state"): 12})
    made = matter()
    svg = picture.draw(
        layout.of(heat.told(made, given_, shown)), title="x", marks=heat.marks(made, given_, shown)
    )
    assert "is-heat-4" in svg
    assert "受理 · 12" in svg
    assert 'class="picture-arrow is-gone"' in svg
