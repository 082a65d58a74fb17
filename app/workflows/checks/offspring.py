"""Children: does their workflow exist, take what it is given, and end in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.workflows import registry
from app.workflows.checks.findings import Finding, error, named, nearby, say
from app.workflows.checks.graph import Graph
from app.workflows.checks.timing import longer, running
from app.workflows.spec import Child, FieldSpec, FieldType, Workflow

_SPREAD = (FieldType.PARTIES, FieldType.PLACE)


def check(graph: Graph, known: Mapping[str, Workflow]) -> Iterator[Finding]:
    """``known`` empty: nothing can be said of the workflows that children name."""
    spec = graph.spec
    for index, child in enumerate(spec.children):
        path = f"children[{index}]"
        yield from _per(spec, path, child)
        workflow = spec if child.workflow == spec.key else known.get(child.workflow)
        if workflow is not None:
            yield from _given(spec, path, child, workflow)
            yield from _in_time(graph, path, child, workflow)
        elif known:
            text = say(
                f"子事项{named(child).zh}的流程 {child.workflow} 不存在或未发布",
                f"child {named(child).en}: there is no published workflow {child.workflow}",
            )
            yield error("unknown_workflow", f"{path}.workflow", text, nearby(child.workflow, known))
    yield from _closing(graph)


def _per(spec: Workflow, path: str, child: Child) -> Iterator[Finding]:
    fields = [f"field.{field.key}" for field in spec.fields if field.type in _SPREAD]
    sources = [
        name
        for name, source in registry.SOURCES.items()
        if not source.legs or spec.leg in source.legs
    ]
    if child.per not in fields and child.per not in sources:
        text = say(
            f"子事项{named(child).zh}：不能按 {child.per} 产生",
            f"child {named(child).en}: {child.per} yields no items",
        )
        yield error("unknown_source", f"{path}.per", text, nearby(child.per, [*sources, *fields]))


def _given(spec: Workflow, path: str, child: Child, workflow: Workflow) -> Iterator[Finding]:
    """A child begins with carried fields and what its source brings; its intake must take them all
    and ask for nothing else."""
    mine = {field.key: field for field in spec.fields}
    theirs = {field.key: field for field in workflow.fields}
    source = registry.SOURCES.get(child.per)
    brought = source.fields if source else ()
    taken = {item.field for item in workflow.intake}
    name, target = named(child), workflow.key
    for key in (*child.carry, *brought):
        if key not in taken:
            text = say(
                f"子事项{name.zh}：流程 {target} 的登记表单没有字段 {key}",
                f"child {name.en}: the intake of {target} has no field {key}",
            )
            hint = say("把该字段加进它的 intake，或不再带入。", "Add it there, or don't carry it.")
            yield error("child_refuses", f"{path}.carry", text, hint)
        elif key in child.carry and key in mine and not _fitting(mine[key], theirs.get(key)):
            text = say(
                f"子事项{name.zh}：字段 {key} 在流程 {target} 中类型或选项不同",
                f"child {name.en}: field {key} has another type or other options in {target}",
            )
            hint = say("使两边一致。", "Make the two alike.")
            yield error("child_differs", f"{path}.carry", text, hint)
    for item in workflow.intake:
        if item.required and item.field not in (*child.carry, *brought):
            text = say(
                f"子事项{name.zh}：流程 {target} 登记时必填 {item.field}，这里没有给出",
                f"child {name.en}: {target} requires {item.field} at the opening",
            )
            hint = say("用 carry 带入，或改为选填。", "Carry it, or make it optional there.")
            yield error("child_needs", f"{path}.carry", text, hint)


def _fitting(mine: FieldSpec, theirs: FieldSpec | None) -> bool:
    if theirs is None or mine.type is not theirs.type:
        return False
    options = {option.key for option in theirs.options}
    return {option.key for option in mine.options} <= options and (
        mine.max_length <= theirs.max_length
    )


def _in_time(graph: Graph, path: str, child: Child, workflow: Workflow) -> Iterator[Finding]:
    """A child's deadline that is longer than every deadline of its parent that runs meanwhile."""
    spawning = {edge.target for edge in graph.edges if child.key in edge.transition.spawn}
    over = [
        deadline
        for deadline in graph.spec.deadlines
        if deadline.within is not None and running(graph, deadline) & spawning
    ]
    if not over or workflow is graph.spec:
        return
    for deadline in workflow.deadlines:
        within = deadline.within
        if within is None or not all(d.within and longer(within, d.within) for d in over):
            continue
        longest = ", ".join(f"{d.label.zh} {d.within}" for d in over)
        english = ", ".join(f"{d.label.text('en')} {d.within}" for d in over)
        mine, theirs = named(child), named(deadline)
        text = say(
            f"子事项{mine.zh}的时限{theirs.zh}为 {within}，比上级的时限长（{longest}）",
            f"child {mine.en}: {theirs.en} of {within} is longer than the parent's ({english})",
        )
        hint = say(
            "缩短子事项的时限，或放宽上级的时限。", "Shorten it, or give the parent more time."
        )
        yield error("longer_than_parent", f"{path}.workflow", text, hint)


def _closing(graph: Graph) -> Iterator[Finding]:
    """The event that all-closed fires must leave a state that the parent waits in."""
    for index, child in enumerate(graph.spec.children):
        event = child.when_all_closed
        spawning = {e.target for e in graph.edges if child.key in e.transition.spawn}
        leaves = {e.source for e in graph.edges if e.transition.key == event}
        if event is None or not leaves or not spawning:
            continue
        if not leaves & graph.reach(spawning):
            name = named(child)
            text = say(
                f"子事项{name.zh}：产生之后的状态里都没有操作 {event}",
                f"child {name.en}: no state after its birth has the step {event}",
            )
            hint = say("在等待的状态里提供这个操作。", "Offer the step in the state that waits.")
            yield error("never_possible", f"children[{index}].when_all_closed", text, hint)
