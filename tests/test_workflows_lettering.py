"""Words in pictures: how they are broken into lines, and how Mermaid is kept from reading them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows import files, graph, lettering, mermaid
from app.workflows.graph import Graph, Link, Node
from app.workflows.spec import StateKind
from tests.test_workflows_picture import LIBRARY


@settings(deadline=None)
@given(st.text(max_size=80), st.floats(40, 300), st.integers(1, 4))
def test_lines_never_take_more_room_than_there_is(text: str, room: float, most: int) -> None:
    lines = lettering.lines(text, 14, room, most)
    assert 1 <= len(lines) <= most
    assert all(lettering.width(line, 14) <= room for line in lines)


def test_lines_break_between_words_and_chinese_characters() -> None:
    assert lettering.lines("Give notice of those agreed", 14, 120) == (
        "Give notice of",
        "those agreed",
    )
    assert lettering.lines("公示各单元的结果", 14, 80) == ("公示各单元", "的结果")
    assert lettering.lines("公示各单元的结果", 14, 40)[-1].endswith("…")


def test_lists_break_between_their_texts_where_that_is_enough() -> None:
    assert lettering.listed(("增加议题", "签到", "离席"), 14, 110) == ("增加议题 /", "签到 / 离席")
    assert lettering.listed(("增加一项很长的议题",), 14, 90) == ("增加一项很长", "的议题")
    many = lettering.listed([f"第{n}项" for n in range(1, 10)], 14, 120)
    assert many == ("第1项 / 第2项 /", "第3项 / +6")


def test_mermaid_takes_no_text_for_its_own() -> None:
    texts: list[Any] = ['end: "x"; [*] --> <b>#1%%', "note left of s1\n}"]
    nodes = tuple(Node(f"k{i}", text, StateKind.DONE) for i, text in enumerate(texts))
    drawn = mermaid.draw(Graph("k0", nodes, (Link("k0", "k1", ("e",), (texts[0], "退回")),)))
    body = drawn.splitlines()
    assert body[0] == "stateDiagram-v2"
    assert body[2] == (
        '    state "end#58; #34;x#34;#59; #91;#42;#93; --#62; #60;b#62;#35;1#37;#37;" as s1'
    )
    assert body[3] == '    state "note left of s1 #125;" as s2'
    assert "    s1 --> s2 : end#58; #34;x" in drawn
    assert drawn.count("\n") == len(body)


def test_mermaid_draws_every_state_and_arrow_of_the_library() -> None:
    for path in LIBRARY:
        of = graph.of(files.read(path.read_bytes(), path.name), "zh")
        drawn = mermaid.draw(of)
        assert drawn.count(" as s") == len(of.nodes)
        assert sum(" --> s" in line and "[*]" not in line for line in drawn.splitlines()) == len(
            of.links
        )
