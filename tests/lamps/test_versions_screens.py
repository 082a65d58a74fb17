"""Versions, comparisons and imports on the screen: what is shown, what is refused, who may."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest

from app import models as m
from app.services import definitions, drafts
from app.services.actors import SYSTEM
from app.workflows import files
from tests import lamps
from tests.visitor import Visitor


def second(session, row, now, note="second"):
    drafts.store(session, lamps.renamed("新登记"))
    definitions.publish(session, row, actor=SYSTEM, now=now + timedelta(days=1), note=note)
    session.commit()


# --- versions ------------------------------------------------------------------------------------


def test_the_list_names_number_date_author_note_checksum_and_cases(
    designer, session, cast, row, now
):
    lamps.open_case(session, cast, now)
    session.commit()
    second(session, row, now, "<b>why</b>")
    assert designer.get(lamps.address(row, "/versions")).status_code == 200
    text = designer.text
    for said in ("Version 2", "Version 1", "in force", "1 case running", "0 cases running"):
        assert said in text, said
    assert "&lt;b&gt;why&lt;/b&gt;" in text
    assert row.current.checksum[:8] in text
    assert "2026-11-19" in text


def test_publishing_again_retiring_and_bringing_back_are_kept_on_record(
    designer, session, row, now
):
    second(session, row, now)
    again = designer.post(lamps.address(row, "/versions/1/restore"), note="mistake in 2")
    assert again.status_code == 302
    designer.get(lamps.address(row, "/versions"))
    assert "Version 1 is in force" in designer.text
    assert "mistake in 2" in designer.text
    designer.post(lamps.address(row, "/retire"), note="no longer wanted")
    designer.get(lamps.address(row, "/versions"))
    assert "Retired since" in designer.text
    designer.get("/workflows/")
    assert "Retired" in designer.text
    designer.post(lamps.address(row, "/revive"))
    designer.get(lamps.address(row, "/versions"))
    for said in ("Brought back", "Retired", "Published again", "程设计"):
        assert said in designer.text, said
    session.refresh(row)
    assert row.current.number == 1


def test_what_is_not_possible_is_said_on_the_page(designer, row):
    designer.post(lamps.address(row, "/versions/1/restore"))
    designer.get(lamps.address(row, "/versions"))
    assert "Version 1 is in force." in designer.text
    assert designer.post(lamps.address(row, "/versions/99/restore")).status_code == 302
    designer.get(lamps.address(row, "/versions"))
    assert "no version 99" in designer.text
    designer.post(lamps.address(row, "/revive"))
    designer.get(lamps.address(row, "/versions"))
    assert "isn&#39;t retired" in designer.text


@pytest.mark.parametrize("path", ["/versions/1/restore", "/retire", "/revive", "/publish"])
@pytest.mark.parametrize("who", ["secretary", "street", "staff"])
def test_only_workflow_administrators_change_what_is_in_force(app, row, who, path):
    assert Visitor(app).sign_in(who).post(lamps.address(row, path)).status_code == 403


@pytest.mark.parametrize("path", ["/versions", "/compare", "/versions/1", "/places", "/file"])
@pytest.mark.parametrize(
    ("who", "status"), [("secretary", 200), ("street", 200), ("staff", 403), ("property", 403)]
)
def test_who_may_see_workflows_sees_their_versions(app, row, who, status, path):
    assert Visitor(app).sign_in(who).get(lamps.address(row, path)).status_code == status


def test_a_subdistrict_s_administrator_edits_what_its_place_owns_and_nothing_else(
    app, session, cast, row, now
):
    session.query(m.Staff).filter_by(
        user_id=cast.users["designer"].id
    ).one().place_id = cast.places["subdistrict"].id
    session.commit()
    visitor = Visitor(app).sign_in("designer").speak("en")
    assert visitor.post(lamps.address(row, "/retire")).status_code == 403
    assert visitor.get(lamps.address(row, "/places/limits")).status_code == 403
    lamps.upload(visitor, files.write(lamps.renamed("别的")))
    assert "belongs to the whole system" in visitor.text
    own = files.write(lamps.spec(key="own"))
    lamps.upload(visitor, own)
    visitor.post("/workflows/import/confirm", payload=visitor.hidden("payload"))
    made = session.query(m.Workflow).filter_by(key="own").one()
    assert made.place_id == cast.places["subdistrict"].id
    assert visitor.post(lamps.address(made, "/publish"), note="").status_code == 302
    hongmian = Visitor(app).sign_in("outsider")
    assert hongmian.post(lamps.address(made, "/retire")).status_code == 403


# --- comparing, files -----------------------------------------------------------------------------


def test_two_versions_are_compared_in_words_and_as_a_picture(designer, session, row, now):
    second(session, row, now)
    designer.get(lamps.address(row, "/compare"), before="1", after="2")
    assert "“已登记” / “Reported” to “新登记” / “新登记”" in designer.text
    assert 'class="picture-state is-open is-changed"' in designer.text
    designer.get(lamps.address(row, "/compare"), before="2", after="draft")
    assert "are the same" in designer.text
    assert designer.get(lamps.address(row, "/compare"), before="7").status_code == 404
    assert designer.get(lamps.address(row, "/compare"), before="<script>").status_code == 404
    assert "<script>" not in designer.text.split("<main")[1]


@pytest.mark.parametrize(
    ("format_", "media", "begins"),
    [
        ("yaml", "application/yaml", "# yaml-language-server"),
        ("json", "application/json", "{"),
        ("svg", "image/svg+xml", "<?xml"),
        ("mermaid", "text/plain", "stateDiagram"),
    ],
)
def test_a_version_is_a_file_in_four_forms(designer, row, format_, media, begins):
    answer = designer.get(lamps.address(row, "/file"), version="1", format=format_)
    assert answer.mimetype == media
    assert answer.get_data(as_text=True).startswith(begins)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert designer.get(lamps.address(row, "/file"), version="1", format="exe").status_code == 404
    assert designer.get(lamps.address(row, "/file"), version="2", format=format_).status_code == 404


def test_a_version_read_back_as_a_file_is_equal(designer, row):
    text = designer.get(lamps.address(row, "/file"), version="1").get_data(as_text=True)
    assert files.read(text) == lamps.spec()


def test_a_draft_that_is_no_workflow_is_compared_with_nothing(designer, session, row):
    row.start = ""
    session.commit()
    assert designer.get(lamps.address(row, "/compare")).status_code == 422
    assert designer.get(lamps.address(row, "/versions")).status_code == 200


# --- publishing what was seen ---------------------------------------------------------------------


def test_a_draft_changed_meanwhile_is_not_published(designer, session, row):
    states = deepcopy(lamps.LAMP["states"])
    states[0]["label"] = "改"
    drafts.store(session, lamps.spec(states=states))
    session.commit()
    designer.get(lamps.address(row))
    seen = designer.hidden("seen")
    row.draft_version += 1
    session.commit()
    refused = designer.post(lamps.address(row, "/publish"), seen=seen, note="my note")
    assert refused.status_code == 409
    assert "saved this draft" in designer.text
    assert "my note" in designer.text
    assert (
        designer.post(lamps.address(row, "/publish"), seen=designer.hidden("seen")).status_code
        == 302
    )


def test_nothing_is_offered_to_publish_when_nothing_differs(designer, row):
    designer.get(lamps.address(row))
    assert "nothing to publish" in designer.text
    assert "Publish this draft" not in designer.text
