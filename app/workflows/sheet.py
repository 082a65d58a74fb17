"""The colours of a picture that stands by itself, in a file outside the site."""

from __future__ import annotations

_KINDS = {
    "open": ("#0b6bb5", "#e3effa", "#0a4a80"),
    "waiting": ("#8a5a00", "#fdf1d8", "#664200"),
    "done": ("#1e6f43", "#e0f3e8", "#155233"),
    "cancelled": ("#55636e", "#e9edf0", "#34424e"),
}
_FONTS = "system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif"
_DIFFERENT = {
    "added": ("#1e6f43", "#e0f3e8"),
    "removed": ("#b3261e", "#fbe4e2"),
    "changed": ("#8a5a00", "#fdf1d8"),
}
_RULES = (
    f".picture{{background:#fff;font-family:{_FONTS}}}",
    ".picture text{font-size:14px;fill:#1b2730}",
    ".picture .picture-name{font-size:15px;font-weight:600}",
    ".picture .picture-count{font-weight:700;fill:#fff;text-anchor:middle}",
    ".picture .picture-note{text-anchor:end;fill:#55636e}",
    ".picture .picture-button{stroke:#fff;stroke-width:3px;paint-order:stroke}",
    ".picture-line{fill:none;stroke:#87939c;stroke-width:1.25px}.picture-tip{fill:#87939c}",
    ".is-system .picture-line{stroke-dasharray:5 3}",
    *(
        f".picture-state.is-{kind} rect{{fill:{soft};stroke:{sign};stroke-width:1.25px}}"
        f".picture-state.is-{kind} .picture-badge{{fill:{sign}}}"
        f".picture .picture-state.is-{kind} .picture-name{{fill:{text}}}"
        for kind, (sign, soft, text) in _KINDS.items()
    ),
    ".is-taken .picture-line{stroke:#1e6f43;stroke-width:3px}.is-taken .picture-tip{fill:#1e6f43}",
    ".is-next .picture-line{stroke:#0d7285;stroke-width:2.25px}.is-next .picture-tip{fill:#0d7285}",
    ".picture .picture-state.is-now rect{stroke-width:4px}",
    *(
        f".picture-arrow.is-{look} .picture-line{{stroke:{sign};stroke-width:2.5px}}"
        f".picture-arrow.is-{look} .picture-tip{{fill:{sign}}}"
        f".picture .picture-button.is-{look}{{fill:{sign};font-weight:600}}"
        f".picture .picture-state.is-{look} rect{{fill:{soft};stroke:{sign};stroke-width:3px}}"
        f".picture .picture-state.is-{look} .picture-badge{{fill:{sign}}}"
        for look, (sign, soft) in _DIFFERENT.items()
    ),
    ".picture .is-removed rect,.picture .is-removed .picture-line{stroke-dasharray:6 4}",
    ".picture .picture-state.is-gone rect{fill:#fff;stroke-dasharray:3 3}",
)


def alone(drawn: str) -> str:
    """``drawn`` (by picture.draw) with its colours in it, as a file's whole text."""
    begin, rest = drawn.split(">", 1)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{begin}><style>{"".join(_RULES)}</style>{rest}\n'
    )
