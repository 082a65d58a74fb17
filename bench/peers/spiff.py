"""SpiffWorkflow: the workflow's own JSON in one row, beside it the rows that people look at."""

from __future__ import annotations

import sys

from rows import STEPS, Ground, hand, now
from serve import serve
from SpiffWorkflow.serializer.json import JSONSerializer
from SpiffWorkflow.specs.Simple import Simple
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import TaskState
from SpiffWorkflow.workflow import Workflow

TABLE = 'CREATE TABLE instance (case_id bigint PRIMARY KEY REFERENCES "case", state jsonb)'
LOAD = "SELECT state::text FROM instance WHERE case_id = %s FOR UPDATE"
SAVE = "UPDATE instance SET state = %s WHERE case_id = %s"


def specification() -> WorkflowSpec:
    spec = WorkflowSpec(name="errand", addstart=True)
    last = spec.start
    for number in range(1, STEPS + 1):
        task = Simple(spec, f"go{number}")
        last.connect(task)
        last = task
    return spec


def main(url: str) -> None:
    ground = Ground(url)
    connection = ground.connection
    connection.execute(TABLE)
    spec, serializer = specification(), JSONSerializer()

    def begin(count: int) -> list[int]:
        ids = ground.begin(count)
        for case_id in ids:
            workflow = Workflow(spec)
            workflow.run_next()
            kept = workflow.serialize(serializer)
            connection.execute("INSERT INTO instance VALUES (%s, %s)", (case_id, kept))
        connection.commit()
        return ids

    def step(case_id: int, event: str) -> None:
        row = connection.execute(LOAD, (case_id,)).fetchone()
        assert row is not None
        workflow = Workflow.deserialize(serializer, row[0])
        (task,) = workflow.get_tasks(state=TaskState.READY)
        assert task.task_spec.name == event
        task.run()
        connection.execute(SAVE, (workflow.serialize(serializer), case_id))
        hand.write(connection, case_id, event, ground.actor, now())
        connection.commit()

    serve(begin, step)


if __name__ == "__main__":
    main(sys.argv[1])
