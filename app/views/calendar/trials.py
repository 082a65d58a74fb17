"""A change of the calendar tried on all deadlines that run, as a job: nothing is written, and what
it found stays on the job's page."""

from __future__ import annotations

from collections.abc import Callable, Generator

from app.services import deliveries, proposals, recounts
from app.services.adjustments import Why
from app.services.kinds import Ending, Step, Work, kind
from app.services.proposals import Plan
from app.views.acting import acting
from app.views.calendar import days, holidays, recounting, week

PLANS: dict[str, Callable[[], Plan]] = {
    "calendar.set_day": days.plan,
    "calendar.set_week": week.plan,
    "calendar.read": lambda: holidays.plan({}),
    "calendar.count": recounting.plan,
}
"""What each form asks for, by the endpoint that it is sent to."""


@kind(proposals.TRIAL, {"zh": "试算日历变更", "en": "Try a change of the calendar"})
def _run(work: Work) -> Generator[Step, None, Ending]:
    session, given = work.session, work.parameters
    now = deliveries.instant(session)
    with acting(work, given["form"]):
        plan = PLANS[given["endpoint"]]()
    book, text = proposals.outlook(session, plan, Why(work.owner, now, given["reason"]))
    total, after = recounts.running(session), int(work.cursor.get("after", 0))
    counts = {name: int(work.cursor.get(name, 0)) for name in ("looked", "moved", "late", "well")}
    while (found := recounts.trial(session, after, now, book)).last is not None:
        after = found.last
        room = max(0, recounts.LISTED - counts["moved"])
        recounts.tell(work, found.moved[:room])
        counts["looked"] += found.looked
        counts["moved"] += len(found.moved)
        counts["late"] += sum(one.overdue for one in found.moved)
        counts["well"] += sum(one.relieved for one in found.moved)
        yield Step(counts["looked"], {"after": after, **counts}, total)
    looked, moved, late, well = counts.values()
    return Ending(
        {
            "zh": f"{text['zh']}：试算了 {looked} 个时限，{moved} 个会改时间，其中 {late} 个将因此"
            f"超期，{well} 个将不再超期。没有写入任何改动；下面列出前 {recounts.LISTED} 个。",
            "en": f"{text['en']}: {looked} deadlines tried, {moved} would move, {late} of them "
            f"turn overdue, {well} would no longer be overdue. Nothing was written; the first "
            f"{recounts.LISTED} are listed.",
        },
        counts,
    )
