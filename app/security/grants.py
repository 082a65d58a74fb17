"""The nine roles as code: which role may do what on which ledger. The rows that it may do it *on*
are the scope's business (app.services.scope).

Read a cell letter by letter: l list, s show, a add, e edit, d delete, x export, r reveal a masked
number, t try again, p check and publish, v vary for one's own place, q quit (end a session); a dot
is nothing. A role that lists a ledger also sees it in the menu.
"""

from __future__ import annotations

from app.permissions import Role

LETTERS = {
    "l": "can_list",
    "s": "can_show",
    "a": "can_add",
    "e": "can_edit",
    "d": "can_delete",
    "x": "can_export",
    "r": "can_reveal",
    "t": "can_retry",
    "p": "can_publish",
    "v": "can_vary",
    "q": "can_quit",
}

_ROLES = (
    Role.ADMIN,
    Role.WORKFLOW_ADMIN,
    Role.SECRETARY,
    Role.COMMITTEE_STAFF,
    Role.GRID_WORKER,
    Role.PROPERTY_STAFF,
    Role.COUNCIL_MEMBER,
    Role.FACILITATOR,
    Role.SUBDISTRICT,
)

_TABLE = """
#                    Admin    Workflow Secre-  Commit-  Grid     Property Council  Facili-  Sub-
#                             Admin    tary    teeStaff Worker   Staff    Member   tator    district
PlaceView            lsaedx   .        lsaex   ls       ls       ls       ls       ls       lsx
PartyView            lsaedx   .        lsae    ls       ls       ls       ls       ls       ls
PersonView           lsaedxr  .        lsaedxr lsaer    lsaer    .        .        .        ls
StaffView            lsaedx   .        lsx     ls       ls       .        .        ls       lsx

WorkflowView         lsaedp   lsaedp   ls      .        .        .        .        .        ls
DraftStateView       lsaed    lsaed    .       .        .        .        .        .        .
DraftTransitionView  lsaed    lsaed    .       .        .        .        .        .        .
DraftDeadlineView    lsaed    lsaed    .       .        .        .        .        .        .
DraftNoticeView      lsaed    lsaed    .       .        .        .        .        .        .
DraftFieldView       lsaed    lsaed    .       .        .        .        .        .        .
DraftChildView       lsaed    lsaed    .       .        .        .        .        .        .
DraftTestView        lsaed    lsaed    .       .        .        .        .        .        .
WorkflowVersionView  ls       ls       .       .        .        .        .        .        .
PublicationView      lsx      lsx      .       .        .        .        .        .        .
VariationView        lsv      lsv      v       .        .        .        .        .        .
MigrationView        lsx      ls       ls      .        .        .        .        .        ls
MigratedView         lsx      .        lsx     .        .        .        .        .        lsx

CaseView             lsx      .        lsx     lsx      ls       ls       ls       ls       lsx
EventView            lsx      .        lsx     lsx      ls       ls       ls       ls       lsx
ClockView            lsx      .        lsx     lsx      ls       ls       ls       ls       lsx
AttachmentView       ls       .        ls      ls       ls       ls       ls       ls       ls
AnchorView           ls       .        .       .        .        .        .        .        .
NoticeView           lsxt     ls       ls      ls       ls       ls       ls       ls       ls
GrievanceView        lsexr    .        lsexr   lser     lsr      ls       .        .        lsx

MeetingView          ls       .        ls      ls       ls       ls       ls       ls       ls
InvitationView       ls       .        ls      ls       ls       ls       ls       ls       ls
AttendanceView       lsed     .        lsed    lsed     ls       ls       ls       lsed     ls
AgendaItemView       lse      .        lse     lse      ls       ls       ls       lse      ls
PositionView         lsx      .        lsx     lsx      ls       ls       ls       lsx      lsx
DecisionView         lsx      .        lsx     lsx      ls       ls       ls       lsx      lsx

UnitView             lsaedx   .        lsaedx  lsaedx   ls       .        .        .        ls
OwnerView            lsaedxr  .        lsaedxr lsaedr   ls       .        .        .        .
OwnershipView        lsaed    .        lsaed   lsaed    ls       .        .        .        .
RuleSetView          lsaed    ls       ls      ls       .        .        ls       ls       ls
ConsultationView     ls       .        ls      ls       ls       .        ls       ls       ls
SchemeView           ls       .        ls      ls       ls       .        ls       ls       ls
RollHeadView         lsx      .        lsx     lsx      ls       .        .        .        .
RollUnitView         lsx      .        lsx     lsx      ls       .        .        .        .
OpinionView          lsx      .        lsx     lsx      ls       .        .        .        .

CalendarHoursView    ls       .        .       .        .        .        .        .        .
CalendarDayView      lsx      .        .       .        .        .        .        .        .
CalendarYearView     ls       .        .       .        .        .        .        .        .
CalendarChangeView   lsx      .        .       .        .        .        .        .        .

UserView             lsaex    .        .       .        .        .        .        .        .
RoleView             ls       .        .       .        .        .        .        .        .
AccountView          ls       .        .       .        .        .        .        .        .
LoginSessionView     lsq      .        .       .        .        .        .        .        .
AccessEventView      lsx      .        .       .        .        .        .        .        .
"""


def _read(table: str) -> dict[str, dict[Role, frozenset[str]]]:
    grants: dict[str, dict[Role, frozenset[str]]] = {}
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        view, *cells = line.split()
        grants[view] = {
            role: frozenset(LETTERS[letter] for letter in cell if letter != ".")
            for role, cell in zip(_ROLES, cells, strict=True)
        }
    return grants


GRANTS = _read(_TABLE)
"""Permissions by view and role, as FAB names them."""


def allowed_by_code(roles: frozenset[str], permission: str, view: str) -> bool:
    """Whether the table grants it to any of these roles."""
    cells = GRANTS.get(view, {})
    return any(permission in names for role, names in cells.items() if role.value in roles)
