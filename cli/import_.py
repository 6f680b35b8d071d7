"""`zhanqun import`: foreign collections into content, as one commit."""

from __future__ import annotations

from pathlib import Path

import click

from cli.change import change, content_option, urgent_option
from cli.console import Console
from cli.options import command
from cluster.errors import ConfigError, ContentError
from cluster.importers.markdown import Imported, import_folder
from cluster.importers.rules import Rules, load_rules
from cluster.importers.update import update_items
from cluster.limits import LIMITS
from cluster.media import MediaStore, dump_pointer
from cluster.site import Cluster, Column
from cluster.source import Source
from cluster.writing import Changes
from plugins.pages.files import KNOWN
from publish.workspace import Workspace

KINDS = ("markdown", "file")


@command("import", example="zhanqun import markdown ../laws --site congress --column fagui/falv")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--site", help="The site to import into.")
@click.option("--column", help="The column to import into.")
@click.option("--rules", help="Mapping rules: a built-in name or a TOML file (default: npc-laws for statute columns).")
@click.option("--to", "target", help="For a file: where it goes below content/, such as portal/news/2026/film.mp4.")
@content_option
@urgent_option
def import_(
    console: Console,
    workspace: Workspace,
    kind: str,
    source: Path,
    site: str | None,
    column: str | None,
    rules: str | None,
    target: str | None,
    content: Path | None,
    urgent: str | None,
) -> int:
    """Imports a folder of Markdown files as items, or one large file beside an item. Importing again updates."""
    if kind == "file":
        return _import_file(console, workspace, source, target, content, urgent)
    if not site or not column:
        raise click.UsageError(console.words("Give --site and --column."))
    return _import_markdown(console, workspace, source, (site, column, rules), content, urgent)


def _import_markdown(
    console: Console,
    workspace: Workspace,
    folder: Path,
    place: tuple[str, str, str | None],
    content: Path | None,
    urgent: str | None,
) -> int:
    results: list[Imported] = []

    def make(source: Source, cluster: Cluster) -> Changes:
        site, column, wanted = place
        known = _column(cluster, site, column)
        rules = _rules(console, wanted or _default_rules(known))
        imported = import_folder(folder, site=site, column=column, rules=rules)
        results[:] = [imported]
        return update_items(source, f"{site}/{column}", imported.items, rules)

    made = change(console, workspace, content, urgent, make, f"Import {folder.name}")
    imported = results[0]
    console.issues(imported.issues)
    console.tell(
        "{items} item(s) read, {skipped} file(s) left out.", items=len(imported.items), skipped=len(imported.skipped)
    )
    console.dump(
        {
            "made": made,
            "items": len(imported.items),
            "skipped": list(imported.skipped),
            "issues": [issue.as_dict() for issue in imported.issues],
            "notes": [note.as_dict() for note in imported.notes],
        }
    )
    return 3 if imported.issues or imported.skipped else 0


def _column(cluster: Cluster, site: str, column: str) -> Column:
    found = cluster.sites[site].columns.get(column) if site in cluster.sites else None
    if found is None:
        raise ContentError(
            f"There is no column '{column}' on a site '{site}'. See sites/{site}/site.toml.",
            f"站点“{site}”没有栏目“{column}”。请查看 sites/{site}/site.toml。",
        )
    return found


def _default_rules(column: Column) -> str:
    return "npc-laws" if column.kind == "statute" else "plain"


def _rules(console: Console, name: str) -> Rules:
    rules, issues = load_rules(name)
    if rules is None:
        console.issues(issues)
        raise ConfigError(f"The import rules '{name}' cannot be used.", f"导入规则“{name}”不能使用。")
    return rules


def _import_file(
    console: Console, workspace: Workspace, file: Path, target: str | None, content: Path | None, urgent: str | None
) -> int:
    if not target:
        raise click.UsageError(console.words("Give --to, the place below content/."))
    if file.is_dir():
        raise click.UsageError(console.words("Name one file, not a folder."))
    path = f"content/{target.removeprefix('content/')}"
    if path.rpartition(".")[2].lower() not in KNOWN:
        raise ContentError(
            f"{target}: such files are not published. Allowed: {' '.join(KNOWN)}.",
            f"{target}：这种格式不能发布。可用：{' '.join(KNOWN)}。",
        )
    if file.stat().st_size > LIMITS.git_blob_bytes:
        data = dump_pointer(MediaStore(workspace.settings.data / "media").keep(file))
        console.tell("Stored in data/media; Git holds a pointer.")
    else:
        data = file.read_bytes()
    made = change(console, workspace, content, urgent, lambda _source, _cluster: {path: data}, f"Add {target}")
    console.dump({"made": made, "path": path})
    return 0
