"""The peers' projects: the same items and pages as ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from bench.forms import content, hugo, stock
from bench.forms.folder import write_folder
from tests.bench.making import SMALL, make_corpus

ITEM = re.compile(r"content/([a-z-]+/.*/\d{4}/\d{4}-\d+)\.md")


def items_of(files: dict[str, bytes]) -> set[str]:
    return {found[1] for path in files if (found := ITEM.fullmatch(path))}


def test_every_form_has_the_same_items() -> None:
    forms = (content.content_files, hugo.hugo_files, stock.stock_files)
    first, *others = (items_of(dict(form(make_corpus()))) for form in forms)
    assert len(first) == SMALL
    assert others == [first, first]


def test_hugo_s_front_matter_is_toml_that_it_can_read() -> None:
    for path, data in hugo.hugo_files(make_corpus()):
        if path.endswith(".md"):
            _, head, _ = data.decode().split("+++\n", 2)
            assert tomllib.loads(head), path


def test_hugo_has_a_project_for_each_site_alone() -> None:
    files = dict(hugo.hugo_files(make_corpus()))
    for site in make_corpus().sites:
        config = json.loads(files[f"apart/{site.key}.json"])
        assert config["contentDir"] == f"content/{site.key}"
        assert config["baseURL"].endswith(f"/{site.key}/")


def test_stock_pelican_makes_a_page_of_every_item(tmp_path: Path) -> None:
    write_folder(tmp_path, stock.stock_files(make_corpus()))
    command = [sys.executable, "-m", "pelican", "--quiet", "--fatal", "errors", "--settings", "pelicanconf.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    made = {path.relative_to(tmp_path / "output").as_posix() for path in tmp_path.glob("output/**/*.html")}
    assert {f"{item.place.stem}.html" for item in make_corpus().items(stock.LINKS)} <= made
    assert {f"{site.key}/index.html" for site in make_corpus().sites} <= made
