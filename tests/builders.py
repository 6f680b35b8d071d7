"""Builders of small content for tests: items, sites, whole clusters, folders and repositories.

Each has defaults that are right, so a test names only what it is about. Everything is bytes by path, as Git holds it:
`make_cluster_files() | {ARTICLE: make_article()}` is a complete, valid tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import git

from cluster.clock import parse_date
from cluster.gitstore import Commit, GitStore
from cluster.item import compose
from cluster.site import Cluster, load_cluster
from cluster.source import TOPS

NOW = "2026-11-20T09:00:00+08:00"
ARTICLE = "content/portal/news/2026/river.md"
COLUMNS = ("news", "news/notices", "residents", "about")
REPOSITORY = Path(__file__).parent.parent

Files = Mapping[str, bytes]


# ---- items ----------------------------------------------------------------------------------------------------------


def make_article(
    title: str | None = "云泽河综合治理二期工程开工",
    date: str | None = "2026-11-18T09:30",
    body: str = "施工人员昨日进场。",
    source: str | None = "云泽市水务局",
    **fields: Any,
) -> bytes:
    """A valid dated item; a field that is None is left out."""
    values = {"title": title, "date": date, "source": source, **fields}
    return compose({name: value for name, value in values.items() if value is not None}, body)


def make_page(title: str | None = "城市概况", body: str = "云泽市依河而建。", **fields: Any) -> bytes:
    """A valid standing item, without a date."""
    return make_article(title=title, date=None, source=None, body=body, type="page", **fields)


def make_raw(front: str, body: str = "正文。\n") -> bytes:
    """An item whose front matter is written by hand: `front` are its lines."""
    return f"---\n{front.strip(chr(10))}\n---\n\n{body}".encode()


# ---- configuration --------------------------------------------------------------------------------------------------


def make_site(key: str, columns: Iterable[str | dict[str, Any]] = COLUMNS, **settings: Any) -> bytes:
    """A valid `site.toml` with these columns (paths or rows); `settings` replace or add top-level keys.

    None removes a key. Tables are dictionaries, lists of tables are lists of dictionaries:
    `home=[{"block": "topics", "count": 3}]`.
    """
    tables: dict[str, Any] = {
        "format": 1,
        "name": f"{key} 网站",
        "short_name": key,
        "host": f"{key}.yunze.localhost",
        "language": "zh-Hans",
        "description": "云泽市的网站。",
        "keywords": ["云泽"],
        "colors": {"main": "#0b4a8f", "accent": "#b3261e"},
        "codes": {
            "site_id": "9999000001",
            "icp": "云泽ICP备00000001号",
            "police": "云泽公网安备 99990002000001号",
        },
        "owner": {
            "organizer": "云泽市人民政府办公室",
            "operator": "云泽市大数据中心",
            "phone": "0999-0000000",
            "email": "portal@yunze.example",
            "address": "云泽市市政路1号",
        },
        "columns": [make_column(one) if isinstance(one, str) else one for one in columns],
    }
    return make_toml(tables | settings)


def make_column(path: str, **settings: Any) -> dict[str, Any]:
    """One valid `[[columns]]` row."""
    row = {
        "path": path,
        "title": f"栏目 {path}",
        "description": "这个栏目的内容。",
        "kind": "news",
        "owner": "办公室",
    }
    return row | settings


def make_cluster_toml(**settings: Any) -> bytes:
    """A valid `cluster.toml` of the portal alone; `settings` replace or add keys, None removes one."""
    tables: dict[str, Any] = {
        "format": 1,
        "name": {"zh": "云泽市政府网站集群", "en": "Yunze Government Websites"},
        "domain": "yunze.localhost",
        "url": "http://{host}:8080",
        "sites": ["portal"],
    }
    return make_toml(tables | settings)


def make_cluster_files(sites: Mapping[str, bytes | Iterable[str]] | None = None, **settings: Any) -> dict[str, bytes]:
    """All of `sites/` for these sites (`site.toml` bytes or just column paths) with this repository's content types."""
    sites = {"portal": COLUMNS} if sites is None else sites
    types = sorted((REPOSITORY / "sites" / "types").glob("*.toml"))
    files = {f"sites/types/{path.name}": path.read_bytes() for path in types}
    files["sites/cluster.toml"] = make_cluster_toml(**{"sites": list(sites), **settings})
    for key, site in sites.items():
        files[f"sites/{key}/site.toml"] = site if isinstance(site, bytes) else make_site(key, site)
    return files


def make_topic(title: str = "云泽河治理", **settings: Any) -> bytes:
    """A valid `topics/<name>.toml` without sections."""
    return make_toml({"format": 1, "title": title, "starts": "2026-03-01", "ends": "2026-12-31"} | settings)


def make_cluster(files: Files | None = None) -> Cluster:
    """The cluster in these files, which must be without a mistake."""
    files = make_cluster_files() if files is None else files
    cluster, issues = load_cluster({path: data for path, data in files.items() if path.startswith("sites/")})
    assert cluster is not None, issues
    return cluster


def make_toml(table: Mapping[str, Any]) -> bytes:
    """A table as TOML: plain keys first, then `[tables]` and `[[lists of tables]]`; None leaves a key out."""
    table = {key: value for key, value in table.items() if value is not None}
    nested = {key for key, value in table.items() if isinstance(value, dict) or _is_rows(value)}
    lines = [f"{key} = {_inline(value)}" for key, value in table.items() if key not in nested]
    for key in (key for key in table if key in nested):
        rows = table[key] if isinstance(table[key], list) else [table[key]]
        header = f"[[{key}]]" if isinstance(table[key], list) else f"[{key}]"
        for row in rows:
            lines += ["", header, *(f"{name} = {_inline(value)}" for name, value in row.items())]
    return ("\n".join(lines) + "\n").encode()


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


# ---- folders and repositories ---------------------------------------------------------------------------------------


def write_tree(folder: Path, files: Files) -> Path:
    """Writes the files below `folder`, which always gets `content/` and `sites/`; returns the folder."""
    for top in TOPS:
        (folder / top).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def make_store(tmp_path: Path, files: Files | None = None, *, name: str = "content.git") -> GitStore:
    """A bare repository at `tmp_path/name` whose `main` has one commit with these files."""
    store = GitStore.create(tmp_path / name)
    commit_files(store, make_cluster_files() if files is None else files)
    return store


def commit_files(
    store: GitStore, changes: Mapping[str, bytes | None], *, message: str = "编辑", branch: str = "main"
) -> str:
    """Commits the changes (None removes a file) to a branch and returns the commit."""
    made = Commit(changes, message, "李明", "liming@yunze.example", parse_date(NOW))
    return store.commit(made, branch=branch)


def commit_link(store: GitStore, path: str, target: str, *, branch: str = "main") -> str:
    """Commits a symbolic link (mode 120000), which our own store never writes, and returns the commit."""
    stream = (
        f"commit refs/heads/{branch}\ncommitter 李明 <liming@yunze.example> 1763600400 +0800\ndata 4\nlink\n"
        f"from refs/heads/{branch}^0\nM 120000 inline {path}\ndata {len(target.encode())}\n{target}\ndone\n"
    )
    stream_file = store.path / "link-stream"
    stream_file.write_text(stream, "utf-8")
    with git.Repo(store.path) as repo, stream_file.open("rb") as reader:
        repo.git.fast_import("--quiet", "--done", istream=reader)
    head = store.head(branch)
    assert head is not None
    return head
