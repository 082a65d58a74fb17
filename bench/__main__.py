"""``python -m bench [steps|pages|clocks|designer] [--quick]``: figures are ratios within a run."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import dataclass

from bench import clocks, cluster, designer, pages, steps
from bench.times import median, ratios
from worker import jobs


@dataclass(frozen=True, slots=True)
class Sizes:
    rounds: int
    cases: int
    """Of a round of the step bench."""
    few: int
    many: int
    """Cases behind the pages."""
    requests: int


FULL = Sizes(rounds=15, cases=12, few=10_000, many=1_000_000, requests=60)
QUICK = Sizes(rounds=5, cases=4, few=1_000, many=40_000, requests=15)
WHAT = ("steps", "pages", "clocks", "designer")
FLOOR, CEILING, STATEMENTS = 0.70, 1.5, 12
CHECKED = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*WHAT, []], default=[])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    sizes = QUICK if asked.quick else FULL
    what = asked.what or WHAT
    if "steps" in what:
        print_steps(sizes)
    if "pages" in what:
        print_pages(sizes)
    if "clocks" in what:
        print_clocks(clocks.QUICK if asked.quick else clocks.FULL)
    if "designer" in what:
        print_designer(3 if asked.quick else 15)


def print_steps(sizes: Sizes) -> None:
    print("\nOne durable step, side by side: state, history, deadlines and notice in one commit\n")
    print(f"{'':46}{'steps/s':>10}{'ratio':>8}")
    with cluster.running() as server:
        found = steps.measure(server, cases_a_round=sizes.cases, rounds=sizes.rounds)
    for name in found:
        ratio = median(ratios(found, name, steps.HAND))
        print(f"{name:46}{median(found[name]):10.0f}{ratio:8.2f}")
    ours = median(ratios(found, steps.FIRE, steps.HAND))
    peers = found.keys() - {steps.FIRE, steps.HAND}
    best = max((median(ratios(found, name, steps.HAND)) for name in peers), default=0.0)
    print(f"\nat least {FLOOR:.2f} of hand-written: {_verdict(ours >= FLOOR)}")
    if peers:
        print(f"ahead of every peer ({best:.2f}): {_verdict(ours > best)}")


def print_pages(sizes: Sizes) -> None:
    title = f"Pages with {sizes.many:,} cases beside the same with {sizes.few:,}"
    print(f"\n{title}: medians of {sizes.requests} requests\n")
    print(f"{'':34}{'few, ms':>10}{'many, ms':>10}{'ratio':>8}{'SQL':>6}")
    with cluster.running(durable=False) as server:
        found = pages.measure(server, sizes.few, sizes.many, sizes.requests)
    named = [page for page in found if page.page in pages.PAGES]
    for page in [*named, *(page for page in found if page not in named)]:
        print(
            f"{page.page} ({page.login}){'':34}"[:34]
            + f"{page.few * 1000:10.1f}{page.many * 1000:10.1f}"
            f"{page.ratio:8.2f}{page.statements:6d}"
        )
    slow = max(page.ratio for page in named)
    most = max(page.statements for page in found)
    print(f"\n{', '.join(pages.PAGES)}: at most {CEILING:.1f} times as long ({slow:.2f}):", end=" ")
    print(_verdict(slow <= CEILING))
    print(f"at most {STATEMENTS} statements a page ({most}): {_verdict(most <= STATEMENTS)}")


def print_clocks(sizes: clocks.Sizes) -> None:
    print(f"\nDeadlines: {sizes.due:,} due among {sizes.many:,}, {clocks.SWEEPS} sweeps\n")
    with cluster.running() as server:
        found = clocks.measure(server, sizes)
    print(f"{'':58}{'fired/s':>10}{'ratio':>8}")
    for name, rates in sorted(found.rates.items(), key=lambda item: -median(item[1])):
        print(f"{name:58}{median(rates):10.0f}", end="")
        print(f"{median(ratios(found.rates, clocks.OURS, name)):8.1f}")
    print(f"\nprocessor time of one clock: {found.many * 1e6:.0f} µs,", end=" ")
    print(f"among {sizes.few:,} {found.few * 1e6:.0f} µs")
    print(f"\n{f'in-app notices, {jobs.SIZE} a job, 2 workers':46}{found.delivered.batches:10.0f}")
    print(f"{'one job for each notice, 2 workers':46}{found.delivered.single:10.0f}")
    p50, p99 = (
        found.delivered.lags[int(len(found.delivered.lags) * part)] * 1000 for part in (0.5, 0.99)
    )
    print(f"{'from due to delivered, p50 / p99':46}{p50:10.0f} / {p99:.0f} ms")
    print()
    for what in (clocks.EMPTY, clocks.DURABLE):
        others = [name for name in found.rates if name.endswith(what)]
        if others:
            best = min(median(ratios(found.rates, clocks.OURS, name)) for name in others)
            print(f"at least 5 times the best peer, {what} ({best:.1f}): {_verdict(best >= 5)}")
    flat = found.many / found.few
    print(f"at most 1.2 times the cost among many ({flat:.2f}): {_verdict(flat <= 1.2)}")
    times = found.delivered.batches / found.delivered.single
    print(f"batches at least 20 times single jobs ({times:.0f}): {_verdict(times >= 20)}")
    print(f"p99 of the lag below 500 ms: {_verdict(p99 < 500)}")


def print_designer(rounds: int) -> None:
    size = f"{designer.STATES} states, {designer.STEPS} transitions"
    print(f"\nThe checker: {size}, medians of {rounds} rounds\n")
    print(f"{'processor time':46}{'ms':>10}")
    with cluster.running(durable=False) as server:
        found = designer.measure(server, rounds)
    print(f"{'check alone':46}{found.check * 1000:10.0f}")
    print(f"{'the same, conditions on every step':46}{found.asking * 1000:10.0f}")
    print(f"{'as on a page, with workflows and holders':46}{found.whole * 1000:10.0f}")
    most = max(found.check, found.asking, found.whole)
    print(f"\nat most {CHECKED:.0f} s of processor time ({most:.2f}): {_verdict(most < CHECKED)}")


def _verdict(met: bool) -> str:
    return "yes" if met else "NO"


if __name__ == "__main__":
    main()
