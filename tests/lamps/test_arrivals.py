"""Workflow files sent on the screen: what they change is shown first; hostile ones are refused."""

from __future__ import annotations

import gc
import random
import time
import warnings

import pytest

from app import models as m
from app.services import drafts
from app.workflows import files
from tests import lamps
from tests.visitor import Visitor


def test_an_import_shows_the_difference_first_and_writes_after_a_yes(designer, session, row):
    before = row.draft_version
    assert lamps.upload(designer, files.write(lamps.renamed("第三"))).status_code == 200
    assert "1 difference from the present draft" in designer.text
    assert "第三" in designer.text
    session.refresh(row)
    assert row.draft_version == before, "nothing is written yet"
    done = designer.post("/workflows/import/confirm", payload=designer.hidden("payload"))
    assert done.status_code == 302
    session.expire_all()
    assert row.states[0].label_zh == "第三"
    assert row.drafted_by.username == "designer"


def test_an_import_over_a_draft_that_changed_since_shows_the_new_difference(designer, session, row):
    lamps.upload(designer, files.write(lamps.renamed("第三")))
    payload = designer.hidden("payload")
    drafts.store(session, lamps.renamed("第二"))
    session.commit()
    answer = designer.post("/workflows/import/confirm", payload=payload)
    assert answer.status_code == 409
    assert "“第二” / “第二” to “第三” / “第三”" in designer.text
    session.expire_all()
    assert row.states[0].label_zh == "第二"
    again = designer.post("/workflows/import/confirm", payload=designer.hidden("payload"))
    assert again.status_code == 302
    session.expire_all()
    assert row.states[0].label_zh == "第三"


def test_a_new_workflow_is_shown_whole_and_a_second_one_of_that_key_conflicts(
    designer, session, row
):
    text = files.write(lamps.spec(key="fresh"))
    lamps.upload(designer, text)
    assert "A new workflow" in designer.text
    payload = designer.hidden("payload")
    assert session.query(m.Workflow).filter_by(key="fresh").count() == 0
    assert designer.post("/workflows/import/confirm", payload=payload).status_code == 302
    assert session.query(m.Workflow).filter_by(key="fresh").one().place_id is None
    assert designer.post("/workflows/import/confirm", payload=payload).status_code == 409


def test_a_file_that_says_what_the_draft_says_is_nothing_to_import(designer, row):
    answer = lamps.upload(designer, files.write(lamps.spec()))
    assert answer.status_code == 302
    designer.get(lamps.address(row))
    assert "Nothing to import" in designer.text


def test_what_was_not_sealed_here_for_this_person_is_refused(app, designer, session, row):
    lamps.upload(designer, files.write(lamps.renamed("第三")))
    payload = designer.hidden("payload")
    for wrong in ("", "x", payload[:-2], payload.replace(".", "..", 1)):
        answer = designer.post("/workflows/import/confirm", payload=wrong)
        assert answer.status_code == 422, wrong[:40]
        assert "no longer valid" in designer.text
    admin = Visitor(app).sign_in("admin")
    assert admin.post("/workflows/import/confirm", payload=payload).status_code == 422
    secretary = Visitor(app).sign_in("secretary")
    assert secretary.post("/workflows/import/confirm", payload=payload).status_code == 403
    assert lamps.upload(secretary, files.write(lamps.spec())).status_code == 403
    session.expire_all()
    assert row.states[0].label_zh == "已登记"


@pytest.mark.parametrize(
    "text",
    ["", "key: [", "a: &a [*a]", "!!python/object:os.system {}", "key: x\n" * 3, "\x00"],
)
def test_a_hostile_file_is_refused_with_its_place_named(designer, text):
    answer = lamps.upload(designer, text)
    assert answer.status_code == 422
    assert "not imported" in designer.text


def test_a_file_of_almost_a_megabyte_travels_with_the_page(designer, session, row):
    """The largest that may be imported: texts that hardly pack."""
    dice = random.Random(4)
    letters = [chr(c) for c in range(0x4E00, 0x9000)]
    help_ = ["".join(dice.choices(letters, k=600)) for _ in range(500)]
    notices = [
        {"key": f"n{i}", "to": ["assignee"], "subject": "s", "body": text}
        for i, text in enumerate(help_)
    ]
    big = lamps.spec(notices=notices)
    text = files.write(big)
    assert 850_000 < len(text.encode()) < 1_000_000
    with warnings.catch_warnings():
        # the test client leaves the temporary file open into which it packs a large upload
        warnings.simplefilter("ignore")
        assert lamps.upload(designer, text).status_code == 200
        gc.collect()
    payload = designer.hidden("payload")
    assert len(payload) < 1_500_000
    assert designer.post("/workflows/import/confirm", payload=payload).status_code == 302
    session.expire_all()
    assert len(row.notices) == 500


def test_a_file_made_to_keep_the_picture_busy_is_shown_without_one(designer):
    """500 states with 40 steps from each: 20,000 arrows, of which every one would be laid out."""
    states = [{"key": f"s{i}", "label": f"状态{i}"} for i in range(499)]
    steps = [
        {"key": f"t{i}", "label": "走", "from": "*", "to": f"s{i}", "roles": ["Secretary"]}
        for i in range(40)
    ]
    spec = lamps.spec(
        key="crowd",
        start="s0",
        states=[*states, {"key": "end", "label": "完", "kind": "done"}],
        transitions=steps,
        deadlines=[],
        vary=None,
    )
    begun = time.perf_counter()
    assert lamps.upload(designer, files.write(spec)).status_code == 200
    assert "Too many ways" in designer.text
    assert time.perf_counter() - begun < 20
