"""The roles that ship, by the id that code, workflow files and the database use."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The nine staff roles. A value is FAB's role name and the word in workflow files."""

    ADMIN = "Admin"
    WORKFLOW_ADMIN = "WorkflowAdmin"
    SECRETARY = "Secretary"
    COMMITTEE_STAFF = "CommitteeStaff"
    GRID_WORKER = "GridWorker"
    PROPERTY_STAFF = "PropertyStaff"
    COUNCIL_MEMBER = "CouncilMember"
    FACILITATOR = "Facilitator"
    SUBDISTRICT = "Subdistrict"


LABELS: dict[str, dict[str, str]] = {
    Role.ADMIN: {"zh": "系统管理员", "en": "Administrator"},
    Role.WORKFLOW_ADMIN: {"zh": "流程管理员", "en": "Workflow administrator"},
    Role.SECRETARY: {"zh": "社区书记", "en": "Secretary"},
    Role.COMMITTEE_STAFF: {"zh": "居委会工作人员", "en": "Committee staff"},
    Role.GRID_WORKER: {"zh": "网格员", "en": "Grid worker"},
    Role.PROPERTY_STAFF: {"zh": "物业人员", "en": "Property staff"},
    Role.COUNCIL_MEMBER: {"zh": "议事会成员", "en": "Council member"},
    Role.FACILITATOR: {"zh": "会议主持人", "en": "Facilitator"},
    Role.SUBDISTRICT: {"zh": "街道", "en": "Subdistrict"},
}
