"""Keeps a plan running: starts what it lists in order, revives what dies, stops all in order."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import replace

from app.host import plan as plans
from app.host import state
from app.host.children import Children, Stopped
from app.host.logs import Log
from app.host.plan import Plan
from app.host.process import HostError, Program
from config import Settings

PROGRAMS_SECONDS = 3.0
SERVERS_SECONDS = 4.0
"""How long after the request to end the programs, and then the servers, are killed."""


class Supervisor:
    def __init__(self, claim: state.Claim, log: Log) -> None:
        self.log = log
        self.children = Children(claim, log)

    def run(self, plan: Plan) -> int:
        """Run the plan until a signal asks to end; 0 then, 1 when something would not start."""
        with self.children.listening():
            try:
                self._bring_up(plan)
                while True:
                    self.children.until(lambda: False, 0.5)
                    self.children.revive()
            except Stopped:
                return 0
            except HostError as error:
                self.log.say(f"{error}")
                return 1
            except BrokenPipeError:  # nobody reads on
                return 0
            finally:
                with suppress(BrokenPipeError):
                    self._stop(plan)

    def _bring_up(self, plan: Plan) -> None:
        children = self.children
        for program in plan.servers:
            children.await_ready(children.start(program))
        environment = plan.provide()

        def informed(program: Program) -> Program:
            return replace(program, environment={**program.environment, **environment})

        words = plan.stamp.read() if plan.stamp else None
        if words is None:
            for program in plan.steps:
                children.complete(informed(program))
            words = children.complete(informed(plan.words), keep=True) if plan.words else []
            if plan.stamp:
                plan.stamp.write(words)
        for program in plan.programs:
            children.await_ready(children.start(informed(program)))
        self.log.say("\n".join([plan.greeting, *words, ""]))

    def _stop(self, plan: Plan) -> None:
        began = time.monotonic()
        last = [program.name for program in plan.servers]
        first = [name for name in self.children.names() if name not in last]
        self.children.stop(first, began + PROGRAMS_SECONDS)
        self.children.stop(reversed(last), began + SERVERS_SECONDS)


def run(settings: Settings) -> int:
    """Start everything that the settings ask for and keep it running until Ctrl-C; the exit code.

    Says on standard error what keeps it from starting: another one running in the same directory,
    a port in use, a server that doesn't come up.
    """
    log = Log(sys.stdout)
    try:
        claim = state.claim(settings.var_dir)
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        for name in claim.end_left_over():
            log.write("sifang", f"ended {name}, which an earlier run had left behind")
        plans.refuse_taken(settings)
        return Supervisor(claim, log).run(plans.full(settings, claim))
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:  # before anything was started
        return 130
    finally:
        claim.release()
