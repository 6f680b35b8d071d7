"""Promises of the redirect maps and of the reload. What nginx makes of them: `tests/scenarios/test_nginx_real.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import TargetError
from publish.receiver.reload import DUE, FOLDER, HEADER, map_path, redirect_maps, reload, write_maps
from tests.publish.nginx_house import WebRoot

SITES = {"portal/index.html": "云泽", "english/index.html": "Yunze"}

LINES = {
    "a moved page": ("/old.html /new.html", '"/old.html" "/new.html";\n'),
    "a deleted page": ("/gone.html 410", '"/gone.html" "410";\n'),
    "an address elsewhere": ("/x https://a.example/新?b=1#c", '"/x" "https://a.example/%E6%96%B0?b=1#c";\n'),
    "an encoded old path": ("/%E6%97%A7.html /new.html", '"/旧.html" "/new.html";\n'),
    "an encoded new path stays encoded": ("/a /%E6%96%B0", '"/a" "/%E6%96%B0";\n'),
    "doubled slashes, as nginx has them": ("//a///b /new", '"/a/b" "/new";\n'),
    "the first of two lines wins": ("/a /one\n/a /two", '"/a" "/one";\n'),
    "a quote": ("/%22 /%22", '"/\\"" "/%22";\n'),
    "a backslash": ("/%5c /\\", '"/\\\\" "/%5C";\n'),
    "a variable of nginx": ("/$host /$host", '"/$host" "/%24host";\n'),
    "braces and semicolons": ("/{a};b /{a};b", '"/{a};b" "/%7Ba%7D;b";\n'),
    "a line break in a path": ("/%0a /x", ""),
    "no UTF-8": ("/%ff /x", ""),
    "no path": ("default /x\ninclude /etc/passwd\n~^/ /x", ""),
    "no pair": ("/a\n/a /b /c\n\n /x\n/x ", ""),
    "an absurd length": (f"/{'a' * 3000} /x\n/y /{'b' * 3000}", ""),
}


@pytest.mark.parametrize(("text", "lines"), LINES.values(), ids=LINES)
def test_each_line_becomes_one_of_the_map_or_none(text: str, lines: str) -> None:
    assert redirect_maps(text) == lines


def test_paths_that_differ_in_case_alone_are_told_apart() -> None:
    """nginx refuses a map in which two words are the same without regard to case."""
    assert redirect_maps("/A.html /one\n/a.html /two\n/b /three") == (
        '"~^/A\\\\.html\\\\z" "/one";\n"~^/a\\\\.html\\\\z" "/two";\n"/b" "/three";\n'
    )


def test_a_path_too_long_for_a_table_becomes_an_expression() -> None:
    assert redirect_maps(f"/{'长' * 200} /x").startswith('"~^/长长')


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5))
def test_no_text_can_leave_the_quotes(pairs: list[tuple[str, str]]) -> None:
    text = redirect_maps("\n".join(f"/{old} {new}" for old, new in pairs))
    for line in text.split("\n")[:-1]:
        plain = line.replace("\\\\", "").replace('\\"', "")
        assert plain.count('"') == 4
        assert plain.endswith('";')
        assert "$" not in plain.split('"')[3]


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> WebRoot:
    return WebRoot(tmp_path / "www")


def write(root: WebRoot, files: dict[str, str]) -> bool:
    return write_maps(root.www, root.listings, root.release(SITES | files))


def test_maps_are_written_for_the_sites_that_have_redirects(root: WebRoot) -> None:
    assert write(root, {"portal/_redirects": "/old /new\n"})
    head, line, end = map_path(root.www, "portal").read_text().split("\n")

    assert head.startswith(f"{HEADER} ")
    assert (line, end) == ('"/old" "/new";', "")
    assert not map_path(root.www, "english").exists()


def test_maps_are_written_only_when_redirects_changed(root: WebRoot) -> None:
    write(root, {"portal/_redirects": "/old /new\n"})
    reload(root.www, "true")
    before = map_path(root.www, "portal").stat().st_ino

    assert not write(root, {"portal/_redirects": "/old /new\n", "portal/index.html": "another"})
    assert map_path(root.www, "portal").stat().st_ino == before
    assert write(root, {"portal/_redirects": "/old /newer\n"})


def test_the_map_of_a_site_without_redirects_goes(root: WebRoot) -> None:
    write(root, {"portal/_redirects": "/old /new\n"})
    reload(root.www, "true")

    assert write(root, {})
    assert not map_path(root.www, "portal").exists()


def test_a_damaged_map_is_written_again(root: WebRoot) -> None:
    write(root, {"portal/_redirects": "/old /new\n"})
    reload(root.www, "true")
    map_path(root.www, "portal").write_bytes(b"")

    assert write(root, {"portal/_redirects": "/old /new\n"})
    assert '"/old" "/new";' in map_path(root.www, "portal").read_text()


def test_nothing_is_written_where_no_site_has_redirects(root: WebRoot) -> None:
    assert not write(root, {})
    assert not (root.www / FOLDER).exists()


def test_a_reload_that_never_happened_stays_due(root: WebRoot) -> None:
    """As after a kill between the maps and the reload."""
    files = {"portal/_redirects": "/old /new\n"}
    assert write(root, files)
    assert write(root, files)
    reload(root.www, "true")
    assert not write(root, files)


@pytest.mark.parametrize("step", range(4))
def test_a_run_killed_at_any_step_is_made_good_by_the_next(root: WebRoot, step: int) -> None:
    class KilledError(Exception):
        pass

    write(root, {"english/_redirects": "/a /b\n"})
    reload(root.www, "true")
    steps: list[str] = []

    def kill(name: str) -> None:
        steps.append(name)
        if len(steps) > step:
            raise KilledError

    tree = root.release(SITES | {"portal/_redirects": "/old /new\n"})
    if step < 3:
        with pytest.raises(KilledError):
            write_maps(root.www, root.listings, tree, kill)
    else:
        assert write_maps(root.www, root.listings, tree, kill)
    assert write_maps(root.www, root.listings, tree)
    assert len(steps) == min(step + 1, 3)
    assert map_path(root.www, "portal").exists()
    assert not map_path(root.www, "english").exists()


FAILURES = {
    "a command that fails": ("sh -c 'echo broken >&2; exit 3'", "broken"),
    "a silent one": ("false", "exit code 1"),
    "no such program": ("no-such-program-here", "No such file"),
    "an open quote": ("systemctl 'reload", "No closing quotation"),
    "nothing": ("", "list index out of range|failed"),
}


@pytest.mark.parametrize(("command", "why"), FAILURES.values(), ids=FAILURES)
def test_a_reload_that_fails_is_told_and_stays_due(root: WebRoot, command: str, why: str) -> None:
    write(root, {"portal/_redirects": "/old /new\n"})

    with pytest.raises(TargetError, match=why) as told:
        reload(root.www, command)
    assert "nginx 尚未载入新的跳转规则" in told.value.chinese
    assert (root.www / FOLDER / DUE).exists()


def test_a_command_is_no_shell_s(root: WebRoot, tmp_path: Path) -> None:
    write(root, {"portal/_redirects": "/old /new\n"})
    with pytest.raises(TargetError):
        reload(root.www, f"true; touch {tmp_path / 'made'}")

    assert not (tmp_path / "made").exists()
