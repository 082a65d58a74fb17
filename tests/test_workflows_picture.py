"""The workflow's picture: nothing overlaps, nothing is missing, the same each time, and fast."""

from __future__ import annotations

import random
import re
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows import files, graph, layout, lettering, picture, sequence, sheet, way
from app.workflows.graph import Graph, Link, Node
from app.workflows.layout import PHONE, Box, Layout
from app.workflows.spec import StateKind, Workflow
from app.workflows.way import Move
from tests.strategies import sound_specs

LIBRARY = sorted(Path("app/workflows/library").glob("*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"
NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def library(name: str) -> Workflow:
    path = next(path for path in LIBRARY if path.stem == name)
    return files.read(path.read_bytes(), path.name)


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> Graph:
    """Any graph: states that nothing leads to, ends with exits, knots; labels of any length."""
    keys = [f"s{i}" for i in range(draw(st.integers(1, most)))]
    texts = st.text(min_size=1, max_size=60)
    nodes = tuple(Node(k, draw(texts), draw(st.sampled_from(StateKind))) for k in keys)
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from(keys))
    named = st.dictionaries(st.text(max_size=3), texts, min_size=1, max_size=4)
    buttons = named.map(lambda found: (tuple(found), tuple(found.values())))
    links = tuple(
        Link(a, b, *draw(buttons), draw(st.booleans()))
        for a, b in draw(st.lists(pairs, unique=True, max_size=3 * most))
    )
    return Graph(draw(st.sampled_from(keys)), nodes, links)


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    apart = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or apart)


def sound(found: Layout, of: Graph) -> None:
    """What must hold for every picture."""
    assert sorted(box.node.key for box in found.boxes) == sorted(node.key for node in of.nodes)
    for index, box in enumerate(found.boxes):
        assert box.x >= 0
        assert box.x + box.width <= found.width
        assert box.y >= 0
        assert box.y + box.height <= found.height
        assert not any(overlap(box, other) for other in found.boxes[index + 1 :])
    assert {arrow.link for arrow in found.arrows} == set(of.links)
    boxes = {box.node.key: box for box in found.boxes}
    for arrow in found.arrows:
        assert all(0 <= x <= found.width and 0 <= y <= found.height for x, y in arrow.points)
        source, target = boxes[arrow.link.source], boxes[arrow.link.target]
        assert arrow.points[0][1] == source.y + source.height
        assert touches(target, arrow.points[-1])
        for box in found.boxes:
            assert not any(
                crosses(box, one, other)
                for one, other in zip(arrow.points, arrow.points[1:], strict=False)
            )
            half = layout.LINE * len(arrow.words.lines) / 2
            top, bottom = arrow.words.y - half, arrow.words.y + half
            assert bottom <= box.y or box.y + box.height <= top, "words lie over a box"
        for line in arrow.words.lines:
            end = arrow.words.x + lettering.width(line, layout.SIZE)
            assert end <= found.boxes[0].x + found.boxes[0].width


def touches(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    inside = box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
    return inside and (x in (box.x, box.x + box.width) or y in (box.y, box.y + box.height))


def crosses(box: Box, one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether a piece, which lies along one axis, runs through the inside of a box."""
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    if left == right:
        along = top < box.y + box.height and bottom > box.y
        return box.x < left < box.x + box.width and along
    assert top == bottom
    across = left < box.x + box.width and right > box.x
    return box.y < top < box.y + box.height and across


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_no_boxes_overlap_and_every_arrow_is_drawn_around_them(of: Graph) -> None:
    found = layout.of(of)
    sound(found, of)
    assert (len(found.boxes), len(found.arrows)) == (len(of.nodes), len(of.links))


@settings(deadline=None, max_examples=50)
@given(sound_specs(), st.sampled_from(["zh", "en"]))
def test_any_workflow_has_a_picture_that_is_the_same_each_time(spec: Workflow, lang: str) -> None:
    of = graph.of(spec, lang)
    drawn = picture.draw(layout.of(of), title=spec.label.zh)
    assert drawn == picture.draw(layout.of(graph.of(spec, lang)), title=spec.label.zh)
    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    assert len(root.findall(f"{SVG}g[@data-from]")) == len(of.links)
    pairs = {
        (source, t.target or source, t.key) for t in spec.transitions for source in spec.sources(t)
    }
    told = {(link.source, link.target, event) for link in of.links for event in link.events}
    assert {(a, b) for a, b, _ in told} <= {(a, b) for a, b, _ in pairs}
    assert told <= pairs
    if not of.everywhere:
        assert told == pairs


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_librarys_workflows_fit_a_phone(path: Path, lang: str) -> None:
    of = graph.of(files.read(path.read_bytes(), path.name), lang)
    found = layout.of(of)
    sound(found, of)
    assert found.width <= PHONE
    for arrow in found.arrows:
        assert not any("…" in line for line in arrow.words.lines)
        if arrow.link.source != arrow.link.target:
            assert "+" not in "".join(arrow.words.lines), "only of what stays some may be left out"
    assert not any("…" in line for box in found.boxes for line in box.words.lines)


def test_200_states_and_600_transitions_take_less_than_a_second() -> None:
    chance = random.Random(7)
    nodes = tuple(Node(f"s{i}", f"状态{i}", StateKind.OPEN) for i in range(200))
    pairs = {(chance.choice(nodes).key, chance.choice(nodes).key) for _ in range(660)}
    links = tuple(
        Link(a, b, ("e",), ("办理",), chance.random() < 0.3) for a, b in sorted(pairs)[:600]
    )
    of = Graph("s0", nodes, links)
    began = time.process_time()
    found = layout.of(of)
    picture.draw(found, title="大")
    assert time.process_time() - began < 1
    sound(found, of)


def test_the_usual_way_runs_straight_down() -> None:
    keys = sequence.of(graph.of(library("grievance"), "zh"))
    assert keys[:5] == ("reported", "accepted", "replied", "assigned", "checking")
    assert keys[-4:-2] == ("rated", "archived")
    assert set(keys[-2:]) == {"rejected", "withdrawn"}
    meeting = sequence.of(graph.of(library("meeting"), "zh"))
    assert meeting.index("in_session") < meeting.index("adjourned")


def test_buttons_between_the_same_states_share_an_arrow() -> None:
    of = graph.of(library("duty"), "zh")
    merged = [link for link in of.links if (link.source, link.target) == ("taken", "reported")]
    assert [link.texts for link in merged] == [("报告结果", "代为登记结果")]
    assert of.everywhere == ("工作记录",), "said once, not at each state"


def test_a_draft_with_faults_is_drawn_as_far_as_it_goes() -> None:
    spec = Workflow.model_validate(
        {
            "key": "draft",
            "label": "草稿",
            "start": "nowhere",
            "states": [{"key": key, "label": key} for key in ("a", "b", "a")],
            "transitions": [
                {"key": "go", "label": "去", "from": ["a", "gone"], "to": "b"},
                {"key": "lost", "label": "失", "from": "a", "to": "nowhere"},
            ],
        }
    )
    of = graph.of(spec, "zh")
    assert [node.key for node in of.nodes] == ["a", "b"]
    assert [(link.source, link.target) for link in of.links] == [("a", "b")]
    sound(layout.of(of), of)


def test_what_people_write_is_never_taken_for_markup() -> None:
    nasty = '<script>alert("x")</script>&\'"'
    of = Graph("a", (Node("a", nasty, StateKind.OPEN),), (Link("a", "a", ("e",), (nasty,)),))
    drawn = picture.draw(layout.of(of, width=2000), title=nasty, about=nasty)
    assert "<script" not in drawn
    texts = "".join(ET.fromstring(drawn).itertext())
    assert texts.count(nasty) == 4
    assert " style=" not in drawn


def test_words_stand_in_a_gap_of_their_line() -> None:
    of = graph.of(library("duty"), "en")
    placed = layout.of(of)
    ahead = next(arrow for arrow in placed.arrows if arrow.link.texts == ("Call off",))
    drawn = ET.fromstring(picture.draw(placed, title="x"))
    [route] = [
        group.find(f"{SVG}path").get("d")
        for group in drawn.findall(f"{SVG}g[@data-to='cancelled']")
        if group.get("data-from") == ahead.link.source
    ]
    assert route.count("M") == 2
    stays = drawn.find(f"{SVG}g[@data-from='assigned'][@data-to='assigned']/{SVG}path").get("d")
    assert stays.count("M") == 1


def test_a_file_of_a_picture_carries_its_colours() -> None:
    of = graph.of(library("meeting"), "zh")
    text = sheet.alone(picture.draw(layout.of(of), title="四方 <联席>"))
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert ".picture-state.is-waiting rect" in root.find(f"{SVG}style").text
    assert root.find(f"{SVG}title").text == "四方 <联席>"


# --- a case's way -------------------------------------------------------------------------------


def moves(*states: str) -> list[Move]:
    path = [None, *states]
    return [
        Move(source, target, NOW + timedelta(hours=hour))
        for hour, (source, target) in enumerate(zip(path, states, strict=False))
    ]


def test_a_case_shows_where_it_was_where_it_is_and_where_it_can_go() -> None:
    of = graph.of(library("entrance"), "zh")
    states = ["draft", "open", "counting", "failed", "open"]
    taken = way.trace(of, moves(*states), "open")
    assert taken.visits["open"] == (2, 5)
    marks = way.marks(of, taken, lambda at: f"{at:%H}")
    assert marks.states["open"].looks == ("now",)
    assert (marks.states["open"].badge, marks.states["open"].note) == ("5", "10")
    assert marks.states["draft"].looks == ("taken",)
    assert marks.states["agreed"].looks == ("ahead",)
    assert marks.arrows["failed", "open"].looks == ("taken",)
    assert marks.arrows["open", "counting"].looks == ("taken", "next")
    assert marks.arrows["draft", "dropped"].looks == ("gone",)
    drawn = picture.draw(layout.of(of), title="单元协商", marks=marks)
    assert 'class="picture-state is-open is-now"' in drawn


def test_after_an_end_all_that_was_not_taken_is_gone() -> None:
    of = graph.of(library("entrance"), "zh")
    taken = way.trace(of, moves("draft", "dropped"), "dropped")
    looks = {key: mark.looks for key, mark in way.marks(of, taken, str).states.items()}
    assert looks["dropped"] == ("now",)
    assert looks["open"] == looks["agreed"] == ("gone",)
    short = way.short(of, taken)
    assert [node.key for node in short.nodes] == ["draft", "dropped"]
    assert [(link.source, link.target) for link in short.links] == [("draft", "dropped")]


def test_the_way_names_the_buttons_that_were_pressed() -> None:
    of = graph.of(library("duty"), "zh")
    passed = [
        Move(None, "assigned", NOW),
        Move("assigned", "taken", NOW, "take_on"),
        Move("taken", "reported", NOW, "report_for"),
    ]
    short = way.short(of, way.trace(of, passed, "reported"))
    texts = {(link.source, link.target): link.texts for link in short.links}
    assert len(of.links) > len(short.links)
    assert texts["assigned", "taken"] == ("领办",)
    assert len(texts["taken", "reported"]) == 1


def test_states_of_another_version_are_no_part_of_the_way() -> None:
    of = graph.of(library("entrance"), "zh")
    taken = way.trace(of, moves("draft", "long_gone", "open"), "open")
    assert set(taken.visits) == {"draft", "open"}
    sound(layout.of(way.short(of, taken)), way.short(of, taken))


@settings(deadline=None, max_examples=60)
@given(graphs(), st.data())
def test_the_short_picture_of_any_way_is_sound(of: Graph, data: st.DataObject) -> None:
    keys = [node.key for node in of.nodes]
    path = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=6))
    taken = way.trace(of, moves(*path), path[-1])
    short = way.short(of, taken)
    found = layout.of(short, aside=dict.fromkeys(keys, 90))
    sound(found, short)
    text = picture.draw(found, title="x", marks=way.marks(of, taken, str))
    drawn = re.findall(r'data-state="([^"]*)"', text)
    assert sorted(drawn) == sorted(node.key for node in short.nodes)
