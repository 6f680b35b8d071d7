"""The made-up cluster in this program's own format: `content/` and `sites/`, as a bare Git repository.

The repository comes from one `git fast-import` stream, so 300,000 items need no worktree, no index file and little
memory. It is run here and not through `cluster.gitstore`, which holds a commit's files in memory.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.bodies import OUTSIDE
from bench.corpus import Corpus, Item, topics_of
from bench.forms.folder import File
from bench.forms.pictures import picture_name, pictures
from bench.home import LINKS_TITLE, home_blocks
from bench.tree import ColumnShape, Place, SiteShape
from cluster.gitstore import GitStore

TYPES = Path(__file__).parent.parent.parent / "sites" / "types"
_COMMIT = "commit refs/heads/main\ncommitter Bench <bench@bench.localhost> 1795136400 +0800\ndata 6\ncorpus\n"


class ContentLinks:
    """Links to `.md` files and pictures from the top of `content/`."""

    def item(self, place: Place) -> str:
        """The other item's file."""
        return f"/{place.stem}.md"

    def picture(self, site: str, number: int) -> str:
        """The picture's file."""
        return f"/{site}/images/{picture_name(number)}"

    def outside(self, site: str, url: str) -> str:
        """The address itself; the program makes the notice page."""
        return url


LINKS = ContentLinks()


def content_files(corpus: Corpus, *, compress: bool = False) -> Iterator[File]:
    """Every file of the repository."""
    yield "sites/cluster.toml", cluster_toml(corpus, compress=compress)
    for file in sorted(TYPES.glob("*.toml")):
        yield f"sites/types/{file.name}", file.read_bytes()
    for site in corpus.sites:
        yield f"sites/{site.key}/site.toml", _site_toml(site)
        for topic in topics_of(site):
            yield f"sites/{site.key}/topics/{topic}.toml", f'format = 1\ntitle = "{topic}"\n'.encode()
        for name, data in pictures(site):
            yield f"content/{site.key}/images/{name}", data
    for item in corpus.items(LINKS):
        yield from item_files(item)


def item_files(item: Item) -> Iterator[File]:
    """The item's file and its attachment."""
    yield f"content/{item.place.stem}.md", item_bytes(item)
    if item.attachment:
        yield f"content/{item.place.stem.rpartition('/')[0]}/{item.attachment.name}", item.attachment.data


def item_bytes(item: Item) -> bytes:
    """The item's file."""
    fields = {
        "id": item.id,
        "title": item.title,
        "date": item.place.date,
        "updated": item.updated,
        "source": item.source,
        "editor": item.editor,
        "summary": item.summary,
        "keywords": f"[{', '.join(item.keywords)}]" if item.keywords else "",
        "also": f"[{', '.join(map(_quoted, item.also))}]" if item.also else "",
        "topic": item.topic,
        "interprets": item.interprets,
        "translation_of": item.translation_of,
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    if item.image is not None:
        lines += [f"image: {LINKS.picture(item.place.site, item.image)}", f"image_alt: {item.title}"]
    if item.attachment:
        lines += ["attachments:", f"  - file: {item.attachment.name}", f"    title: {item.attachment.title}"]
    head = "\n".join(lines)
    return f"---\n{head}\n---\n\n{item.body}".encode()


def write_repository(corpus: Corpus, path: Path, *, compress: bool = False) -> None:
    """Makes the bare repository at `path`, whose `main` is one commit with all files."""
    GitStore.create(path).close()
    command = ["git", "-C", str(path), "fast-import", "--quiet", "--done", "--depth=0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(_COMMIT.encode())
        for name, data in content_files(corpus, compress=compress):
            process.stdin.write(f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
        process.stdin.write(b"done\n")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def cluster_toml(corpus: Corpus, *, compress: bool) -> bytes:
    """`sites/cluster.toml`; without compression no `.br` sibling is made, as the peers make none."""
    keys = ", ".join(_quoted(site.key) for site in corpus.sites)
    return f"""format = 1
name = {{ zh = "云泽市政府网站集群", en = "Yunze Government Websites" }}
domain = "bench.localhost"
url = "http://{{host}}:8080"
sites = [{keys}]

[build]
compress = {str(compress).lower()}
""".encode()


def _site_toml(site: SiteShape) -> bytes:
    head = f"""format = 1
name = {_quoted(site.name)}
short_name = {_quoted(site.short_name)}
host = {_quoted(site.host)}
language = {_quoted(site.language)}
description = {_quoted(site.name)}
colors = {{ main = "{site.main}", accent = "{site.accent}" }}

[codes]
site_id = "9999000001"
icp = "云泽ICP备00000001号"
police = "云泽公网安备 99990002000001号"

[owner]
organizer = {_quoted(site.organizer)}
operator = "云泽市大数据中心"
phone = "0999-0000000"
email = "{site.key}@yunze.example"
address = "云泽市市政路1号"
"""
    return "\n".join([head, *map(_column_toml, site.columns), *_home_toml(site)]).encode()


def _column_toml(column: ColumnShape) -> str:
    return f"""[[columns]]
path = {_quoted(column.path)}
title = {_quoted(column.title)}
description = {_quoted(column.description)}
kind = {_quoted(column.kind)}
owner = "办公室"
"""


def _home_toml(site: SiteShape) -> Iterator[str]:
    for block in home_blocks(site):
        lists = ", ".join(_quoted(path) for path in block.columns)
        key = f"columns = [{lists}]" if block.kind == "columns" else f"column = {lists}"
        yield f'[[home]]\nblock = "{block.kind}"\n{key}\ncount = {block.count}\n'
    rows = ", ".join(f"{{ title = {_quoted(url)}, url = {_quoted(url)} }}" for url in OUTSIDE)
    yield f'[[home]]\nblock = "links"\ntitle = "{LINKS_TITLE}"\nitems = [{rows}]\n'


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
