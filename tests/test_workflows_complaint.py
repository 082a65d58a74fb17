"""The checker on a complaint workflow in use elsewhere: its real faults, and no others.

The facts of the graph are those of the public set-up of egovernments' Citizen-Complaint-Resolution
platform: states, and from each the action, the next state and the roles. Two actions lead to ids
that exist nowhere, three states can't be reached.
"""

from __future__ import annotations

from app.workflows.check import check
from app.workflows.spec import Workflow

STATES = {
    "START": "open",
    "PENDINGFORASSIGNMENT": "open",
    "PENDINGFORREASSIGNMENT": "open",
    "PENDINGATLME": "open",
    "PENDINGATSUPERVISOR": "open",
    "REJECTED": "end",
    "RESOLVED": "end",
    "CLOSEDAFTERREJECTION": "end",
    "CLOSEDAFTERRESOLUTION": "end",
    "RESOLVEDBYSUPERVISOR": "end",
    "CANCELLED": "end",
}
ACTIONS = """
START                  APPLY                    PENDINGFORASSIGNMENT                 CITIZEN CSR
PENDINGFORASSIGNMENT   ASSIGNEDBYAUTOESCALATION PENDINGATLME                         AUTO_ESCALATE
PENDINGFORASSIGNMENT   COMMENT                  PENDINGFORASSIGNMENT                 CITIZEN
PENDINGFORASSIGNMENT   ASSIGN                   PENDINGATLME                         GRO VIEWER
PENDINGFORASSIGNMENT   REJECT                   REJECTED                             GRO VIEWER
PENDINGFORREASSIGNMENT COMMENT                  PENDINGFORREASSIGNMENT               CITIZEN
PENDINGFORREASSIGNMENT REJECT                   REJECTED                             GRO VIEWER
PENDINGFORREASSIGNMENT ASSIGN                   PENDINGATLME                         GRO VIEWER
PENDINGATLME           REASSIGN                 PENDINGFORREASSIGNMENT               LME VIEWER
PENDINGATLME           COMMENT                  PENDINGATLME                         CITIZEN
PENDINGATLME           RESOLVE                  RESOLVED                             LME VIEWER
PENDINGATLME           FORWARD                  04752227_e267_43e3_bfd8_6e48bdbfd97a AUTO_ESCALATE
REJECTED               COMMENT                  REJECTED                             CITIZEN
REJECTED               REOPEN                   PENDINGFORASSIGNMENT                 CFC CITIZEN CSR
REJECTED               RATE                     CLOSEDAFTERREJECTION                 CFC CITIZEN
RESOLVED               RATE                     CLOSEDAFTERRESOLUTION                CFC CITIZEN
RESOLVED               REOPEN                   PENDINGFORASSIGNMENT                 CFC CITIZEN CSR
RESOLVED               COMMENT                  RESOLVED                             CITIZEN
PENDINGATSUPERVISOR    RESOLVEBYSUPERVISOR      e80e3dd6_8336_4586_b84a_c191dcd80c98 SUPERVISOR
"""
ROLES = {
    "CITIZEN": "Resident",
    "CSR": "CommitteeStaff",
    "GRO": "Secretary",
    "LME": "PropertyStaff",
    "VIEWER": "GridWorker",
    "CFC": "Facilitator",
    "SUPERVISOR": "Subdistrict",
    "AUTO_ESCALATE": "System",
}


def converted() -> Workflow:
    """Their graph as a spec of ours. An end of theirs that is left again is a waiting state."""
    rows = [line.split() for line in ACTIONS.strip().splitlines()]
    left = {source for source, _, target, *_ in rows if source != target}
    kinds = {"open": "open", "end": "done"}
    return Workflow.model_validate(
        {
            "key": "complaint",
            "label": {"zh": "投诉", "en": "Complaint"},
            "start": "START",
            "states": [
                {"key": key, "label": key, "kind": "waiting" if key in left else kinds[kind]}
                for key, kind in STATES.items()
            ],
            "transitions": [
                {
                    "key": action,
                    "label": action,
                    "from": source,
                    # a state that begins with a digit is no key: theirs are random ids
                    "to": None
                    if target == source
                    else f"id_{target}" * target[0].isdigit() or target,
                    "roles": [ROLES[role] for role in roles],
                }
                for source, action, target, *roles in rows
            ],
        }
    )


def test_it_finds_the_two_dangling_transitions_and_the_three_unreachable_states() -> None:
    spec = converted()
    findings = check(spec)
    dangling = {
        spec.transitions[int(f.path.split("[")[1].split("]")[0])].key
        for f in findings
        if f.code == "dangling_target"
    }
    unreachable = {
        spec.states[int(f.path.removeprefix("states[")[:-1])].key
        for f in findings
        if f.code == "unreachable"
    }
    assert dangling == {"FORWARD", "RESOLVEBYSUPERVISOR"}
    assert unreachable == {"PENDINGATSUPERVISOR", "RESOLVEDBYSUPERVISOR", "CANCELLED"}


def test_it_invents_no_other_error() -> None:
    errors = [finding for finding in check(converted()) if finding.level == "error"]
    assert (
        sorted(finding.code for finding in errors) == ["dangling_target"] * 2 + ["unreachable"] * 3
    )
    assert all(finding.suggestion.zh and finding.suggestion.en for finding in errors)
