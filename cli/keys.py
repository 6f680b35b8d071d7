"""`zhanqun keys`: makes, replaces and shows the keys that sign releases."""

from __future__ import annotations

from pathlib import Path

import click

from cli.console import Console
from cli.options import FOLDER, command
from cluster.clock import CHINA, current_time
from publish.trust import ROLES, ROOT, Trust
from publish.workspace import Workspace

ACTIONS = ("init", "rotate", "status")


@command("keys", example="zhanqun keys rotate timestamp --offline /media/usb")
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("role", type=click.Choice(ROLES), required=False)
@click.option("--offline", type=FOLDER, multiple=True, help="A folder on a medium for a root key; may be repeated.")
@click.option(
    "--threshold", type=click.IntRange(min=1), help="How many root keys must sign (default: 1, or as before)."
)
def keys(
    console: Console,
    workspace: Workspace,
    action: str,
    role: str | None,
    offline: tuple[Path, ...],
    threshold: int | None,
) -> int:
    """Makes the keys that sign releases (init), replaces those of a role (rotate), or shows them (status)."""
    trust = Trust.of(workspace.settings.data)
    if (action == "rotate") != (role is not None):
        raise click.UsageError(console.words("Name a role to rotate, and only then: {roles}", roles=" ".join(ROLES)))
    if action == "init":
        trust.init(current_time(), offline=offline, threshold=threshold or 1)
        _tell_made(console, trust, offline)
    elif role is not None:
        trust.rotate(role, current_time(), offline=offline, threshold=threshold)
        _tell_rotated(console, role)
    return _show(console, trust)


def _tell_made(console: Console, trust: Trust, offline: tuple[Path, ...]) -> None:
    console.tell("Keys and root are made.")
    console.tell("Bring {file} to each target by hand, and compare the fingerprint there.", file=trust.root_path())
    if offline:
        console.tell("Take the media with the root keys out now, and lock them away in two places.")
    else:
        console.tell(
            "The root key lies on this machine. For a city, take it away: zhanqun keys rotate root --offline DIR"
        )


def _tell_rotated(console: Console, role: str) -> None:
    console.tell("The keys of {role} are new; targets learn of it with the next release.", role=role)
    if role == ROOT:
        console.tell("The old root keys count no more. Back up data/trust, and destroy copies of the old keys.")


def _show(console: Console, trust: Trust) -> int:
    if not trust.is_set_up:
        console.tell("There are no keys yet. Make them with: zhanqun keys init")
        console.dump({"set_up": False, "fingerprint": "", "roles": []})
        return 0
    rows = trust.key_status(current_time())
    for row in rows:
        console.result(f"{row.role:<10} {row.threshold}/{len(row.keys)}  {row.text(console.language)}")
    mark = trust.fingerprint()
    console.result(console.words("Fingerprint of {file}: {mark}", file=trust.root_path().name, mark=mark))
    console.dump(
        {
            "set_up": True,
            "fingerprint": mark,
            "roles": [
                {
                    "role": row.role,
                    "keys": list(row.keys),
                    "threshold": row.threshold,
                    "here": row.here,
                    "until": row.until.astimezone(CHINA).isoformat() if row.until else None,
                    "needs_care": row.needs_care,
                }
                for row in rows
            ],
        }
    )
    return 3 if any(row.needs_care for row in rows) else 0
