"""Every string of the pages has its Chinese, and the tool that watches over it."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from translations import build


def catalog(*entries: tuple, **options: object) -> Catalog:
    found = Catalog(locale="zh")
    for entry in entries:
        text, translation = entry if len(entry) == 2 else (entry[0], "")
        found.add(text, translation, locations=[("app/views/meetings.py", 3)], **options)
    return found


def test_every_string_has_its_chinese() -> None:
    assert build.problems(build.extracted(), build.parts()) == []


def test_strings_are_found_in_code_and_templates() -> None:
    paths = {path for message in build.extracted() for path, _ in message.locations}
    assert {Path(path).suffix for path in paths} == {".py", ".html"}


def test_a_complete_part_has_no_problem() -> None:
    given = {"meetings": catalog(("Hold %(n)s", "召开%(n)s")), "libraries": catalog(("x", "甲"))}
    assert build.problems(catalog(("Hold %(n)s",)), given) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "app/views/meetings.py:3: 'Hold %(n)s' is in no part"),
        ({"a": catalog(("Hold %(n)s", ""))}, "is not translated"),
        ({"a": catalog(("Hold %(n)s", "召开"))}, "has other placeholders"),
        ({"a": catalog(("Hold %(n)s", "召开%(m)s"))}, "has other placeholders"),
        ({"a": catalog(("Hold %(n)s", "召开%(n)s"), flags=["fuzzy"])}, "is marked as fuzzy"),
    ],
)
def test_an_incomplete_part_is_told(given: dict[str, Catalog], problem: str) -> None:
    (line,) = build.problems(catalog(("Hold %(n)s",)), given)
    assert problem in line


def test_what_nobody_uses_and_what_stands_twice_is_told_and_pruned() -> None:
    wanted = catalog(("Hold",))
    given = {
        "a": catalog(("Hold", "召开"), ("Gone", "没了")),
        "b": catalog(("Hold", "举行")),
        "libraries": catalog(("Sign in", "登录")),
    }
    assert [line.split(": ", 1)[1] for line in build.problems(wanted, given)] == [
        "'Gone' is used nowhere: translations/build.py prune removes it",
        "'Hold' stands in a.po too",
    ]
    pruned = build.prune(wanted, given)
    assert {name: len(part) for name, part in pruned.items()} == {"a": 1, "b": 0, "libraries": 1}
    assert build.problems(wanted, pruned) == []


def test_new_strings_go_to_the_part_of_their_area() -> None:
    updated = build.update(catalog(("Hold",), ("Known",)), {"a": catalog(("Known", "已知"))})
    assert {name: [m.id for m in build.entries(part)] for name, part in updated.items()} == {
        "a": ["Known"],
        "meetings": ["Hold"],
    }


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("app/templates/meeting/list.html", "meeting"),
        ("app/templates/layout.html", "layout"),
        ("app/views/meetings.py", "meetings"),
        ("app/views/admin/people.py", "admin"),
        ("app/services/cases.py", "services"),
    ],
)
def test_the_area_of_a_file(path: str, area: str) -> None:
    assert build.area(path) == area


def test_a_written_part_reads_back_equal_and_an_empty_one_goes(tmp_path: Path) -> None:
    build.write(catalog(("Hold %(n)s", "召开%(n)s"), (("%(n)s day", "%(n)s days"), ("%(n)s 天",))),
                tmp_path / "meetings.po")  # fmt: skip
    again = build.parts(tmp_path)["meetings"]
    assert again["Hold %(n)s"].string == "召开%(n)s"
    assert again[("%(n)s day", "%(n)s days")].string == ("%(n)s 天",)
    assert build.problems(again, {"meetings": again}) == []
    build.write(Catalog(locale="zh"), tmp_path / "meetings.po")
    assert build.parts(tmp_path) == {}


def test_the_parts_compile_into_one_catalogue_without_the_fuzzy(tmp_path: Path) -> None:
    path = tmp_path / "zh" / "messages.mo"
    given = [catalog(("Hold", "召开")), catalog(("Maybe", "也许"), flags=["fuzzy"])]
    assert build.compile_(given, path) == 2
    with path.open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert (words.gettext("Hold"), words.gettext("Maybe")) == ("召开", "Maybe")


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["translate"]) == 2
    assert "compile|update|prune|check" in capsys.readouterr().err
