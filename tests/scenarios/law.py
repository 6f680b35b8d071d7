"""The Law as a machine: random edits of a small cluster, after which an incremental build must equal a clean one.

Every rule is a commit, a move of `now`, an edit of the theme or of the large files, or a build of another kind. The
invariant builds both ways and compares. A `slot` chooses among what there is, counted round, so that a sequence keeps
its meaning when steps are left out of it.

Run by `tests.tools.soak`: for a while in `test_law`, for hours by hand.
"""

from __future__ import annotations

import functools
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cluster.clock import parse_date, stamp
from tests.builders import make_article, make_toml
from tests.scenarios import law_content as content
from tests.scenarios.law_town import Town

Table = dict[str, Any]
Step = tuple[str, Table]
Rule = Callable[..., None]

PACES = (1, 2, 4)


def always(_law: Law) -> bool:
    """No condition."""
    return True


def has_items(law: Law) -> bool:
    """Whether there is an item to edit."""
    return bool(law.town.items)


def edit(when: Callable[[Law], bool] = always, **choices: st.SearchStrategy[Any]) -> Callable[[Rule], Rule]:
    """A rule that holds `when` it says so, and that the machine notes: steps can be run again without hypothesis."""

    def decorate(function: Rule) -> Rule:
        @functools.wraps(function)
        def noted(self: Law, **values: Any) -> None:
            if when(self):
                self.steps.append((function.__name__, values))
                function(self, **values)

        made: Rule = precondition(when)(rule(**choices)(noted))  # type: ignore[call-overload]
        return made

    return decorate


class Law(RuleBasedStateMachine):
    """Edits of a copy of `first`, a town that is built; a build after every `pace` edits.

    The class counts the comparisons and keeps the latest machine's steps.
    """

    first: ClassVar[Town]
    comparisons: ClassVar[int] = 0
    latest: ClassVar[tuple[int, Sequence[Step]]] = (1, ())

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="law-")
        self.town = self.first.copied(Path(self._folder.name))
        self.pace = 1
        self.steps: list[Step] = []
        self._compared_at = 0
        self.whole: dict[str, bytes | None] = {}
        self._earlier = [(self.town.head, dict(self.town.files))]

    def teardown(self) -> None:
        """Removes the copy."""
        self.town.close()
        self._folder.cleanup()

    @initialize(pace=st.sampled_from(PACES))
    def set_out(self, pace: int) -> None:
        """Chooses how many edits there are to a build."""
        self.pace = pace
        type(self).latest = (pace, self.steps)

    @invariant()
    def incremental_equals_clean(self) -> None:
        """The Law."""
        if self.town.edits - self._compared_at >= self.pace:
            self._compared_at = self.town.edits
            self.town.check()
            type(self).comparisons += 1

    def pick(self, slot: int) -> str:
        """The path of an item, those of `make_many` last."""
        items = sorted(self.town.items, key=lambda path: (content.is_one_of_many(path), path))
        return items[slot % len(items)]

    # ---- items ----------------------------------------------------------------------------------------------------

    @edit(
        place=content.columns, slug=st.sampled_from(content.SLUGS), date=content.moments, type=content.types,
        body=content.bodies, fields=content.fields,
    )  # fmt: skip
    def write(self, place: tuple[str, str], slug: str, date: str, type: str, body: str, fields: Table) -> None:
        """Writes an item, perhaps over another one."""
        day = "" if type == "page" else date
        values = {"date": day or None, "type": type, **fields}
        self.town.commit({content.item_path(*place, slug, day): make_article(f"新 {slug}", body=body, **values)})

    @edit(has_items, slot=content.slots, title=content.titles)
    def retitle(self, slot: int, title: str) -> None:
        """Changes an item's title."""
        self.town.change_item(self.pick(slot), {"title": title})

    @edit(has_items, slot=content.slots, body=content.bodies)
    def edit_text(self, slot: int, body: str) -> None:
        """Changes an item's text, its links and its pictures."""
        self.town.change_item(self.pick(slot), {"body": body})

    @edit(has_items, slot=content.slots, change=content.references)
    def refer(self, slot: int, change: tuple[str, Any]) -> None:
        """Makes an item a translation, an interpretation or a version of another, or no more."""
        self.town.change_item(self.pick(slot), dict([change]))

    @edit(has_items, slot=content.slots, change=content.memberships)
    def list_elsewhere(self, slot: int, change: tuple[str, Any]) -> None:
        """Lists an item in further columns or a topic, or no more."""
        self.town.change_item(self.pick(slot), dict([change]))

    @edit(has_items, slot=content.slots, change=content.identities)
    def identify(self, slot: int, change: tuple[str, Any]) -> None:
        """Changes an item's id, which may be another's, or its old addresses."""
        self.town.change_item(self.pick(slot), dict([change]))

    @edit(has_items, slot=content.slots, change=content.details)
    def change(self, slot: int, change: tuple[str, Any]) -> None:
        """Changes one of an item's other fields: expiry, update, summary, picture, attachment …"""
        self.town.change_item(self.pick(slot), dict([change]))

    @edit(has_items, slot=content.slots, date=content.moments)
    def redate(self, slot: int, date: str) -> None:
        """Changes an item's date, and its year folder with it."""
        path = self.pick(slot)
        site, column, slug, dated = content.place_of(path)
        self.town.change_item(path, {"date": date}, to=content.item_path(site, column, slug, date if dated else ""))

    @edit(has_items, slot=content.slots, place=content.columns, with_redirect=st.booleans())
    def move(self, slot: int, place: tuple[str, str], with_redirect: bool) -> None:
        """Moves an item to another column or site."""
        path = self.pick(slot)
        _, _, slug, dated = content.place_of(path)
        year = [path.split("/")[-2]] if dated else []
        old = "/" + path.removesuffix(".md").split("/", 2)[2] + ".html"
        to = "/".join(["content", *place, *year, f"{slug}.md"])
        self.town.change_item(path, {"redirect_from": [old]} if with_redirect else {}, to=to)

    @edit(has_items, slot=content.slots)
    def delete(self, slot: int) -> None:
        """Deletes an item."""
        self.town.commit({self.pick(slot): None})

    @edit(path=st.sampled_from([content.RIVER, content.BRIDGE, content.RULE, content.WATER, content.RIVER_EN]))
    def delete_what_others_name(self, path: str) -> None:
        """Deletes an item that others link or refer to."""
        self.town.commit({path: None})

    @edit(has_items, slot=content.slots, flaw=st.sampled_from(content.FLAWS))
    def break_item(self, slot: int, flaw: str) -> None:
        """Makes an item one that cannot be published, or moves it to where none can be."""
        path = self.pick(slot)
        changes: dict[str, bytes | None] = {path: content.make_broken(flaw)}
        if flaw in content.WRONG_PLACES:
            changes = {path: None, f"content/{flaw}": self.town.files[path]}
        self.whole = {path: self.town.files.get(path) for path in changes} | self.whole
        self.town.commit(changes)

    @edit(lambda law: bool(law.whole))
    def mend(self) -> None:
        """Undoes all that was broken."""
        self.town.commit(self.whole)
        self.whole = {}

    @edit(place=content.columns, year=st.sampled_from([2025, 2026, 2027]), count=st.sampled_from([15, 45]))
    def write_many(self, place: tuple[str, str], year: int, count: int) -> None:
        """Fills a column, so that it gets numbered pages."""
        self.town.commit(content.make_many(*place, year, count))

    @edit(place=content.columns, every=st.integers(1, 3))
    def delete_many(self, place: tuple[str, str], every: int) -> None:
        """Empties a column with all below it, or thins it out."""
        inside = [path for path in self.town.items if path.startswith(f"content/{place[0]}/{place[1]}/")]
        self.town.commit(dict.fromkeys(inside[::every]))

    # ---- files ----------------------------------------------------------------------------------------------------

    @edit(change=content.file_changes)
    def change_file(self, change: tuple[str, str]) -> None:
        """Adds, replaces or deletes a picture, an attachment or the pointer to the film."""
        self.town.commit({change[0]: content.make_file(*change)})

    @edit(there=st.booleans())
    def bring_or_take_film(self, there: bool) -> None:
        """Puts the large file where the build finds it, or takes it away."""
        if there:
            self.town.bring_film()
        else:
            self.town.take_film()

    # ---- configuration --------------------------------------------------------------------------------------------

    def _change_site(self, key: str, change: Callable[[Table], object]) -> None:
        self.town.change_config(f"sites/{key}/site.toml", change)

    @edit(key=content.site_keys, slot=content.slots, change=content.site_changes | content.column_changes)
    def change_site(self, key: str, slot: int, change: tuple[str, Table]) -> None:
        """Changes a site's name, host, colours, owner, language or help, or retitles, hides or shows a column."""
        part, values = change

        def update(table: Table) -> None:
            rows: Any = table.setdefault(part, {}) if part else table
            (rows[slot % len(rows)] if part == "columns" else rows).update(values)

        self._change_site(key, update)

    @edit(key=content.site_keys, blocks=st.sampled_from(content.HOMES))
    def change_home(self, key: str, blocks: Sequence[Table]) -> None:
        """Changes the blocks of a home page to those whose columns there are."""
        self._change_site(key, lambda table: table.update(home=content.possible_blocks(blocks, table)))

    @edit(key=content.site_keys, slot=content.slots, path=st.none() | st.sampled_from(content.MORE_COLUMNS))
    def change_columns(self, key: str, slot: int, path: str | None) -> None:
        """Adds a column, or removes one with all below it wherever it is named, or moves the first ones to the end."""

        def change(table: Table) -> None:
            rows = table["columns"]
            at = slot % len(rows)
            if path is not None:
                table["columns"] = content.with_column(rows, path)
            elif slot % 2:
                table["columns"] = content.without_column(rows, rows[at]["path"])
            else:
                table["columns"] = content.with_heads_last(rows, at)
            table["home"] = content.possible_blocks(table.get("home", []), table)

        for name in [path for path in self.town.files if path.startswith(f"sites/{key}/topics/")]:
            self.town.change_config(name, lambda table: table.pop("sections", None))
        self._change_site(key, change)

    @edit(change=content.cluster_changes)
    def change_cluster(self, change: Table) -> None:
        """Changes the cluster's address, name, or which sites it has."""
        self.town.change_config("sites/cluster.toml", lambda table: table.update(change))

    @edit(key=content.site_keys, name=content.topic_names, change=content.topic_changes)
    def change_topic(self, key: str, name: str, change: Table) -> None:
        """Starts or ends a topic, changes its title or picture, or deletes it."""
        path = f"sites/{key}/topics/{name}.toml"
        before = self.town.files.get(path, make_toml({"format": 1, "title": name}))
        self.town.commit({path: make_toml(tomllib.loads(before.decode()) | change) if change else None})

    @edit(key=content.site_keys, old=st.lists(content.old_paths, max_size=3, unique=True))
    def change_gone(self, key: str, old: Sequence[str]) -> None:
        """Says which addresses are gone for good."""
        self.town.commit({f"sites/{key}/gone.toml": content.make_gone(old)})

    @edit(name=st.sampled_from(["article", "policy"]), change=content.type_changes)
    def change_type(self, name: str, change: Table) -> None:
        """Changes a content type's template, its label, or which fields it wants."""

        def change_both(table: Table) -> None:
            table.update(change)
            is_wanted = table.pop("wants_source", True)
            for row in (row for row in table["fields"] if row["name"] == "source"):
                row["wanted"] = is_wanted

        self.town.change_config(f"sites/types/{name}.toml", change_both)

    @edit(has_items, slot=content.slots, title=content.titles)
    def err_in_configuration(self, slot: int, title: str) -> None:
        """Makes a mistake in `sites/` beside an edit, builds, and mends the mistake alone."""
        path = "sites/cluster.toml"
        before = self.town.files[path]
        self.town.commit({path: before + b"colour = 1\n"})
        self.town.change_item(self.pick(slot), {"title": title})
        assert self.town.check().refused
        self.town.commit({path: before})

    # ---- theme, time, history -------------------------------------------------------------------------------------

    @edit(change=st.none() | st.sampled_from(content.THEME_CHANGES))
    def change_theme(self, change: tuple[str, str] | None) -> None:
        """Edits a template, a style sheet or a catalogue, or undoes all edits of the theme."""
        if change is None:
            self.town.restore_theme()
        else:
            self.town.change_theme(*change)

    @edit(moment=content.moments)
    def move_now(self, moment: str) -> None:
        """Moves the clock, forward or backward."""
        self.town.now = stamp(parse_date(moment))

    @edit()
    def wait_for_next_moment(self) -> None:
        """Moves the clock to when the output changes by itself, as the worker does."""
        self.town.now = self.town.last.next_moment or self.town.now

    @edit()
    def remember(self) -> None:
        """Marks a state to return to."""
        self._earlier.append((self.town.head, dict(self.town.files)))

    @edit(slot=content.slots)
    def revert(self, slot: int) -> None:
        """Makes the tree of an earlier commit the newest."""
        self.town.turn_into(self._earlier[slot % len(self._earlier)][1])
        self.whole = {}

    # ---- builds of other kinds ------------------------------------------------------------------------------------

    @edit(key=content.site_keys, all_in_turn=st.booleans())
    def look_at_one_site(self, key: str, all_in_turn: bool) -> None:
        """Builds one site alone, or each in turn, which must change nothing for the next build."""
        for one in self.town.sites:
            if all_in_turn or one == key:
                self.town.check_site(one)

    @edit(slot=content.slots, kind=st.sampled_from(content.KINDS_OF_BUILD))
    def build_otherwise(self, slot: int, kind: str) -> None:
        """Builds with `--full`, for another port, a plain folder, a commit as after a reset, an unrelated repository."""
        if kind == "full":
            self.town.check(full=True)
        elif kind == "port":
            self.town.build(port=9000)
        elif kind == "folder":
            self.town.check_folder()
        elif kind == "earlier commit":
            self.town.check_commit(*self._earlier[slot % len(self._earlier)])
        else:
            self.town.seed_anew()
            self._earlier = [(self.town.head, dict(self.town.files))]

    @edit(has_items, slot=content.slots, title=content.titles, after=st.integers(0, 8), killed=st.booleans())
    def interrupt(self, slot: int, title: str, after: int, killed: bool) -> None:
        """Stops the build of an edit from the keyboard, or kills it, after some items."""
        self.town.change_item(self.pick(slot), {"title": title})
        if killed:
            self.town.killed(after)
        else:
            self.town.interrupted(after)

    @edit(what=st.sampled_from(["var", "a part", "unused blobs"]), slot=content.slots)
    def lose(self, what: str, slot: int) -> None:
        """Deletes `var`, one thing in it (index, state, blobs …), or the blobs that nothing uses any more."""
        if what == "var":
            self.town.lose_var()
        elif what == "a part":
            self.town.lose_part(slot)
        else:
            self.town.sweep()
