"""Web roots of format 1, which had whole manifests, become format 2 in place.

Their trees and blobs are those of format 2. The vault is filled by the next delivery. Called by the receiver when it
opens a target, under its lock; a kill leaves format 1, and the next run starts over.
"""

from __future__ import annotations

import json
from pathlib import Path

from cluster.errors import FormatError
from cluster.manifest import Manifest
from cluster.release import Release
from publish.receiver.disk import empty_folder, make_folder
from publish.receiver.place import Place

OLD = "zhanqun-target 1"


def upgrade(place: Place) -> None:
    """Brings a web root of format 1 to the present one; does nothing to others. Raises: FormatError."""
    header = place.root / "format"
    if not header.is_file() or header.read_text("utf-8", "replace").strip() != OLD:
        return
    empty_folder(place.aside)
    make_folder(place.listings.root)
    records = sorted(place.releases.glob("*.json"))
    for path in records:
        _upgrade_release(place, path)
    place.disk.sync_all([place.root])
    place.write("format", f"{place.header}\n".encode())
    for path in [*place.releases.glob("*.manifest"), place.root / "assets.json"]:
        path.unlink(missing_ok=True)
    place.at("upgraded")


def _upgrade_release(place: Place, path: Path) -> None:
    record = json.loads(path.read_bytes())
    if record.get("format") == 1:
        record = {**record, "format": 2, "overlay": []}
    data = (json.dumps(record, sort_keys=True, indent=2) + "\n").encode()
    release = Release.parse(data)
    manifest = Manifest.parse(path.with_suffix(".manifest").read_bytes())
    if not release.describes(manifest):
        raise _other_manifest(path)
    for directory in manifest.directories():
        place.listings.put(directory)
    place.write(f"releases/{path.name}", data)


def _other_manifest(path: Path) -> FormatError:
    return FormatError(
        f"{path}: the manifest beside it gives another root. Delete this release's three files, then publish again.",
        f"{path}：旁边的清单与记录的根散列不一致。请删除该版本的三个文件，再重新发布。",
    )
