"""Whether a meeting may decide: quorum by party and by head, and the rule for decisions.

Pure and exact: shares are fractions, nothing is rounded. Every answer says in Chinese and English
what it rests on and who is missing. Silence is never consent: a party that has said nothing keeps
an item open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from app.models.meeting import DecisionRule, Stance, Voices
from app.workflows.spec import Label

AGREEING = frozenset({Stance.AGREE, Stance.RESERVATION})

STANCES: dict[Stance, Label] = {
    Stance.AGREE: Label(zh="同意", en="agree"),
    Stance.RESERVATION: Label(zh="有保留地同意", en="agree with reservation"),
    Stance.ASIDE: Label(zh="弃权旁观", en="stand aside"),
    Stance.DISAGREE: Label(zh="不同意", en="disagree"),
}

RULES: dict[DecisionRule, Label] = {
    DecisionRule.CONSENSUS: Label(
        zh="协商一致：各方都已表态，至少一方同意，没有一方不同意",
        en="consensus: every party has spoken, at least one agrees and none disagrees",
    ),
    DecisionRule.MAJORITY: Label(
        zh="多数方同意：各方都已表态（不同意的意见和理由记录在案），过半数的方同意",
        en="majority: every party has spoken, dissent is on the record, more than half agree",
    ),
}

VOICES: dict[Voices, Label] = {
    Voices.INVITED: Label(zh="全部受邀方", en="every invited party"),
    Voices.PRESENT: Label(
        zh="到会的和已表态的各方", en="the parties that are present or have spoken"
    ),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """A meeting's own rules: ``parties`` of the invited ones and the share ``heads`` of the
    invited heads make a quorum; ``decision`` and ``voices`` say what a decision takes."""

    parties: int
    heads: Fraction
    decision: DecisionRule = DecisionRule.CONSENSUS
    voices: Voices = Voices.INVITED


@dataclass(frozen=True, slots=True)
class Head:
    """Somebody who is there, or should be, for a party. One who came without being invited is not
    ``counted`` by head, but the party is there with them."""

    party: int
    name: str
    present: bool
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """One of the two counts: ``have`` of ``total``, where ``need`` are wanted. ``absent`` names
    the parties, or the heads, that are not there."""

    have: int
    need: int
    total: int
    absent: tuple[str, ...]
    detail: Label

    @property
    def met(self) -> bool:
        return self.have >= self.need


@dataclass(frozen=True, slots=True)
class Quorum:
    parties: Count
    heads: Count
    present: frozenset[int]
    """Ids of the parties that somebody is there for."""

    @property
    def met(self) -> bool:
        return self.parties.met and self.heads.met

    @property
    def detail(self) -> Label:
        return _joined([self.parties.detail, self.heads.detail])


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that keeps an item open; ``party`` is whose word or presence is wanted."""

    code: str
    text: Label
    party: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an item may be decided now, and what is still open if not. ``counted`` are the
    parties whose positions the rule waits for."""

    points: tuple[Point, ...]
    counted: tuple[int, ...]
    detail: Label

    @property
    def allowed(self) -> bool:
        return not self.points


def quorum(rules: Rules, parties: Mapping[int, str], heads: Iterable[Head]) -> Quorum:
    """Who is there of the invited ``parties`` (names by id, in the order they are shown)."""
    ours = [head for head in heads if head.party in parties]
    present = frozenset(head.party for head in ours if head.present)
    return Quorum(
        parties=_by_party(rules.parties, parties, present),
        heads=_by_head(rules.heads, [head for head in ours if head.counted]),
        present=present,
    )


def _by_party(need: int, parties: Mapping[int, str], present: Collection[int]) -> Count:
    have = sum(party in present for party in parties)
    absent = tuple(name for party, name in parties.items() if party not in present)
    zh = f"到会 {have} 方，应到 {len(parties)} 方，至少须 {need} 方到会"
    en = f"{have} of {len(parties)} parties are here, at least {need} are needed"
    if need > len(parties):
        zh += f"（受邀的只有 {len(parties)} 方，无法达到）"
        en += f" (only {len(parties)} are invited: it can't be reached)"
    elif absent:
        zh += f"；未到会：{_zh(absent)}"
        en += f"; missing: {', '.join(absent)}"
    return Count(have, need, len(parties), absent, Label(zh=_cut(zh), en=_cut(en)))


def _by_head(share: Fraction, invited: list[Head]) -> Count:
    total = len(invited)
    have = sum(head.present for head in invited)
    # nobody invited is no quorum, unless the rule asks for no heads at all
    need = max(ceil(share * total), 1) if share > 0 else 0
    absent = tuple(head.name for head in invited if not head.present)
    zh = f"签到 {have} 人，应到 {total} 人，至少须 {need} 人（{_share(share)}）"
    en = f"{have} of {total} people are here, at least {need} are needed ({_share(share)})"
    if absent and have < need:
        zh += f"；还差 {need - have} 人，未签到：{_zh(absent)}"
        en += f"; {need - have} more needed, missing: {', '.join(absent)}"
    return Count(have, need, total, absent, Label(zh=_cut(zh), en=_cut(en)))


def judge(
    rules: Rules, parties: Mapping[int, str], found: Quorum, stated: Mapping[int, Stance]
) -> Verdict:
    """May the item be decided, given the newest position of each party?"""
    counted = _counted(rules.voices, parties, found, stated)
    points = [*_absence(found), *_silence(counted, parties, stated)]
    if rules.decision is DecisionRule.CONSENSUS:
        points += _dissent(counted, parties, stated)
    else:
        points += _minority(counted, stated)
    if not any(stated.get(party) in AGREEING for party in counted):
        text = Label(zh="还没有一方表示同意", en="no party has agreed yet")
        points.append(Point("nobody", text))
    rule, voices = RULES[rules.decision], VOICES[rules.voices]
    lead = Label(
        zh=f"规则：{rule.zh}；须表态的：{voices.zh}",
        en=f"rule: {rule.en}; asked: {voices.en}",
    )
    tail = [point.text for point in points] or [Label(zh="条件都已满足", en="all of it holds")]
    return Verdict(tuple(points), counted, _joined([lead, _tally(counted, stated), *tail]))


def _counted(
    voices: Voices, parties: Mapping[int, str], found: Quorum, stated: Mapping[int, Stance]
) -> tuple[int, ...]:
    if voices is Voices.INVITED:
        return tuple(parties)
    return tuple(party for party in parties if party in found.present or party in stated)


def _absence(found: Quorum) -> list[Point]:
    counts = (("quorum_parties", found.parties), ("quorum_heads", found.heads))
    return [Point(code, count.detail) for code, count in counts if not count.met]


def _silence(
    counted: Iterable[int], parties: Mapping[int, str], stated: Mapping[int, Stance]
) -> list[Point]:
    return [
        Point(
            "silent",
            Label(zh=f"{parties[party]}尚未表态", en=f"{parties[party]} has not spoken yet"),
            party,
        )
        for party in counted
        if party not in stated
    ]


def _dissent(
    counted: Iterable[int], parties: Mapping[int, str], stated: Mapping[int, Stance]
) -> list[Point]:
    return [
        Point(
            "dissent",
            Label(zh=f"{parties[party]}不同意", en=f"{parties[party]} disagrees"),
            party,
        )
        for party in counted
        if stated.get(party) is Stance.DISAGREE
    ]


def _minority(counted: Collection[int], stated: Mapping[int, Stance]) -> list[Point]:
    agreeing = sum(stated.get(party) in AGREEING for party in counted)
    if 2 * agreeing > len(counted):
        return []
    text = Label(
        zh=f"同意的 {agreeing} 方，未过半数（须表态的共 {len(counted)} 方）",
        en=f"{agreeing} of {len(counted)} parties agree, which is not more than half",
    )
    return [Point("minority", text)]


def _tally(counted: Iterable[int], stated: Mapping[int, Stance]) -> Label:
    said = [stated[party] for party in counted if party in stated]
    pairs = [(text, said.count(stance)) for stance, text in STANCES.items() if stance in said]
    if not pairs:
        return Label(zh="尚无表态", en="nobody has spoken")
    return Label(
        zh="、".join(f"{text.zh} {count} 方" for text, count in pairs),
        en=", ".join(f"{text.en}: {count}" for text, count in pairs),
    )


def _share(share: Fraction) -> str:
    return f"{share.numerator}/{share.denominator}" if share.denominator > 1 else str(share)


def _zh(names: Iterable[str]) -> str:
    return "、".join(names)


def _joined(texts: Iterable[Label]) -> Label:
    texts = list(texts)
    return Label(
        zh=_cut("；".join(text.zh for text in texts)),
        en=_cut("; ".join(text.en for text in texts)),
    )


def _cut(text: str) -> str:
    # a label holds 2000 characters: with hundreds of names the rest is on the check-in list
    return text if len(text) <= 2000 else f"{text[:1999]}…"
