"""What nobody has to keep in `var/` goes; stores, notes and what holds no content stay."""

from __future__ import annotations

from pathlib import Path

from publish.leftovers import KEPT, WITHOUT_CONTENT, remove_leftovers


def test_only_what_is_known_stays(tmp_path: Path) -> None:
    for name in (*KEPT, *WITHOUT_CONTENT, "spool/1", "watch/www/x", "strange"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("words")
    (tmp_path / "outside").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "outside/file").write_text("words")
    (tmp_path / "var/link").symlink_to(tmp_path / "outside")
    remove_leftovers(tmp_path / "var")
    assert list((tmp_path / "var").iterdir()) == []
    assert (tmp_path / "outside/file").exists()  # a link goes, and not what it leads to
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == KEPT | WITHOUT_CONTENT
