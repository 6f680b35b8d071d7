"""A new site: its `site.toml`, its name in `cluster.toml`, and one page so that it is not empty.

The result is checked with `load_cluster` before it is handed out, so a new site never breaks the cluster.
Columns start hidden: an empty column in the navigation is an issue. Pure; called by `zhanqun new-site`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from cluster.errors import ConfigError
from cluster.issues import Issue
from cluster.item import compose
from cluster.site import LANGUAGES, SLUG, Cluster, Site, load_cluster
from cluster.validation import read_item
from cluster.writing import Changes, toml_text

# Folders below sites/ and at the top of a release that are no sites.
RESERVED_KEYS = ("types", "assets")
NAME_LENGTH = 60
_CLUSTER = "sites/cluster.toml"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def new_site(
    files: Mapping[str, bytes],
    key: str,
    *,
    name: str,
    host: str,
    language: str = "zh-Hans",
    based_on: Cluster,
) -> Changes:
    """What makes the site `key`; `files` are those below `sites/`, `based_on` the cluster in them.

    Raises:
        ConfigError: key, name, host or language cannot be used, or are taken.
    """
    _check_key(files, key, based_on)
    _check_name(name)
    _check_host(host, based_on)
    _check_language(language)
    draft = _Draft(key, name.strip(), host, language)
    config = {
        _CLUSTER: _with_site(files[_CLUSTER], key),
        f"sites/{key}/site.toml": _site_toml(draft, next(iter(based_on.sites.values()), None)),
    }
    about = f"content/{key}/about/about.md"
    page = _about_page(draft)
    _check_result({**files, **config}, about, page)
    return {**config, about: page}


@dataclass(frozen=True, slots=True)
class _Draft:
    key: str
    name: str
    host: str
    language: str

    @property
    def words(self) -> Mapping[str, str]:
        return _WORDS[self.language]


# ---- checks ------------------------------------------------------------------------------------------------


def _check_key(files: Mapping[str, bytes], key: str, cluster: Cluster) -> None:
    if not re.fullmatch(SLUG, key) or key in RESERVED_KEYS:
        raise ConfigError(
            f"'{key}' cannot name a site. Use lower-case letters, digits and hyphens, like forestry.",
            f"“{key}”不能作站点名。请用小写字母、数字和连字符，例如 forestry。",
        )
    if key in cluster.sites or any(path.startswith(f"sites/{key}/") for path in files):
        raise ConfigError(
            f"There is a site '{key}' already, in sites/{key}/. Choose another name.",
            f"已有站点“{key}”（sites/{key}/）。请换一个名称。",
        )


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= NAME_LENGTH or not name.strip().isprintable():
        raise ConfigError(
            f"The site's name must be one line of 1 to {NAME_LENGTH} characters. Give it with --name.",
            f"站点名称应为一行，1 到 {NAME_LENGTH} 个字。请用 --name 写明。",
        )


def _check_host(host: str, cluster: Cluster) -> None:
    if len(host) > 253 or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})+", host):
        raise ConfigError(
            f"'{host}' is no host name. Write it in lower case, without http://: forestry.{cluster.domain}.",
            f"“{host}”不是域名。请用小写、不带 http://，例如 forestry.{cluster.domain}。",
        )
    for site in cluster.sites.values():
        if site.host == host:
            raise ConfigError(
                f"The host {host} belongs to the site '{site.key}'. Choose another.",
                f"域名 {host} 已由站点“{site.key}”使用。请换一个。",
            )


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise ConfigError(
            f"'{language}' is no language of a site. Choose one of: {' / '.join(LANGUAGES)}.",
            f"站点语言不能是“{language}”。可选：{' / '.join(LANGUAGES)}。",
        )


def _check_result(files: Mapping[str, bytes], about: str, page: bytes) -> None:
    cluster, issues = load_cluster(files)
    _refuse(issues)
    if cluster is not None:
        _, found = read_item(about, page, cluster)
        _refuse(issue for issue in found if issue.leaves_out)


def _refuse(issues: Iterable[Issue]) -> None:
    told = list(issues)
    if told:
        raise ConfigError(
            "No site was made. " + " ".join(f"{issue.place()}: {issue.text('en')}" for issue in told),
            "没有新建站点。" + " ".join(f"{issue.place()}：{issue.text('zh')}" for issue in told),
        )


# ---- cluster.toml ------------------------------------------------------------------------------------------

_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'"
_SITES = re.compile(rf"^[ \t]*sites[ \t]*=[ \t]*(?P<list>\[(?:\s|\#[^\n]*\n|,|{_STRING})*\])", re.MULTILINE)
_PIECE = re.compile(rf"\#[^\n]*|,|{_STRING}")


def _with_site(data: bytes, key: str) -> bytes:
    """`cluster.toml` with the key at the end of `sites`; all other bytes stay."""
    text = data.decode("utf-8")
    found = _SITES.search(text)
    if found is not None:
        text = f"{text[: found.start('list')]}{_longer(found['list'], key)}{text[found.end('list') :]}"
    before, after = tomllib.loads(data.decode("utf-8")), tomllib.loads(text)
    if after != {**before, "sites": [*before.get("sites", []), key]}:
        raise ConfigError(
            f"{_CLUSTER} could not be changed. Add \"{key}\" to 'sites' there by hand and repeat.",
            f'无法改写 {_CLUSTER}。请手工把 sites 写成 sites = ["…"] 的形式后重试。',
        )
    return text.encode()


def _longer(array: str, key: str) -> str:
    """A TOML array of strings with one more at its end, in the form of its last one."""
    pieces = list(_PIECE.finditer(array, 1))
    last = next((piece for piece in reversed(pieces) if piece[0][0] in "\"'"), None)
    if last is None:
        return f'{array[:-1].rstrip(" ")}"{key}"]'
    has_comma = any(piece[0] == "," and piece.start() > last.start() for piece in pieces)
    end = pieces[-1].end()
    head = array[: last.end()] + ("" if has_comma else ",") + array[last.end() : end]
    return f'{head}{_gap(array, last.start())}"{key}"{"," if has_comma else ""}{array[end:]}'


def _gap(array: str, last: int) -> str:
    """What stands between the last string and a new one: a blank, or a line break with the same indent."""
    if "\n" not in array:
        return " "
    newline = "\r\n" if "\r\n" in array else "\n"
    line_start = array.rfind("\n", 0, last) + 1
    indent = re.match(r"[ \t]*", array[line_start:last]) if line_start else None
    return newline + (indent[0] if indent else "    ")


# ---- site.toml ---------------------------------------------------------------------------------------------

# Comments in both languages: the file is the technician's first lesson, whatever language the site has.
_HEAD = """\
format = 1
# 新站点的底稿：凡写“请改”的行，都要换成本站自己的。各项说明见 docs/formats.md。
# A draft: mend every line marked 请改 (change). Every setting is described in docs/formats.md.
name = {name}
short_name = {name}  # 请改：页头用的短名 / change: the short name in the header
# tagline = "…"  # 可不写：站名下面的一行话 / optional: one line under the name
host = {host}
language = {language}  # zh-Hans / en
description = {name}  # 请改：一句话说明本站 / change: one sentence about the site
keywords = [{name}]  # 请改 / change
colors = {{ main = {main}, accent = {accent} }}  # 请改：{copied}

[codes]  # 请改：{copied}
site_id = {site_id}  # 网站标识码 / site code
icp = {icp}
police = {police}

[owner]  # 请改：页脚；{copied}
organizer = {organizer}  # 主办单位 / organizer
operator = {operator}  # 承办单位 / operator
phone = {phone}
email = {email}
address = {address}

# 栏目：上级写在下级之前。发布第一篇后把 hidden 改为 false，栏目才进导航。
# Columns, the parent before its children. hidden = false puts one into the navigation, once it holds an item.
"""
_COLUMN = """\
[[columns]]
path = {path}
title = {title}
description = {description}
keywords = [{title}]
kind = {kind}
owner = {owner}  # 请改：负责的科室 / change: who looks after it
update_days = {days}  # 几天内要更新，0 为不要求 / days between updates, 0 = none
hidden = true

"""
_HOME = """\
# 首页：从上到下的各块；没有内容的块不显示。
# The home page, from top to bottom; a block without content is not shown.
[[home]]
block = "intro"
title = {name}
text = {intro}
url = {url}
label = {label}

[[home]]
block = "headline"
column = "news"
count = 6

[[home]]
block = "columns"
columns = ["notices", "policy"]
count = 6
"""
# (path, kind, days between updates)
_COLUMNS = (
    ("about", "overview", 0),
    ("news", "news", 14),
    ("notices", "notice", 60),
    ("policy", "policy", 180),
)
_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh-Hans": {
        "about": "关于本站",
        "about description": "本站的职责、机构和联系方式。",
        "news": "工作动态",
        "news description": "本单位的工作消息。",
        "notices": "通知公告",
        "notices description": "需要公众知晓的通知和公告。",
        "policy": "政策文件",
        "policy description": "本单位发布的文件和解读。",
        "intro": "网站正在建设中，栏目将陆续开通。",
        "body": "{name}正在建设中。请在这里写明本站的职责、机构和联系方式。",
    },
    "en": {
        "about": "About us",
        "about description": "What this office does, its departments and how to reach it.",
        "news": "News",
        "news description": "News of this office's work.",
        "notices": "Notices",
        "notices description": "Notices that the public should know.",
        "policy": "Policies",
        "policy description": "Documents of this office and what they mean.",
        "intro": "This website is being built; its columns will open one after another.",
        "body": "{name} is being built. Tell here what this office does and how to reach it.",
    },
}


@dataclass(frozen=True, slots=True)
class _Copied:
    """What a new site starts with until its own is known; the defaults are for a cluster's first site."""

    copied: str = "这里是示例 / an example"
    main: str = "#0b4a8f"
    accent: str = "#b3261e"
    site_id: str = "0000000000"
    icp: str = "ICP备00000000号"
    police: str = "公网安备 00000000000000号"
    organizer: str = "主办单位"
    operator: str = "承办单位"
    phone: str = "0000-0000000"
    email: str = "office@example.cn"
    address: str = "地址"


def _copy(site: Site) -> _Copied:
    shared = (field.name for field in fields(_Copied) if field.name != "copied")
    return _Copied(
        f"抄自 {site.key} / change: copied from {site.key}", **{name: getattr(site, name) for name in shared}
    )


def _site_toml(draft: _Draft, example: Site | None) -> bytes:
    """The new `site.toml`; colours, codes and owner are those of `example` until somebody changes them."""
    copied = _copy(example) if example else _Copied()
    values = {field.name: toml_text(getattr(copied, field.name)) for field in fields(_Copied)}
    names = {
        "name": toml_text(draft.name),
        "host": toml_text(draft.host),
        "language": toml_text(draft.language),
    }
    head = _HEAD.format_map(values | names | {"copied": copied.copied})
    columns = "".join(_column(draft, *row, owner=copied.organizer) for row in _COLUMNS)
    home = _HOME.format_map(
        names
        | {
            "intro": toml_text(draft.words["intro"]),
            "url": toml_text(f"/{draft.key}/about/about.md"),
            "label": toml_text(draft.words["about"]),
        }
    )
    return (head + columns + home).encode()


def _column(draft: _Draft, path: str, kind: str, days: int, *, owner: str) -> str:
    words = {
        "path": path,
        "title": draft.words[path],
        "description": draft.words[f"{path} description"],
        "kind": kind,
        "owner": owner,
    }
    return _COLUMN.format(**{name: toml_text(text) for name, text in words.items()}, days=days)


def _about_page(draft: _Draft) -> bytes:
    """The first page; its id follows from the site, so that the same call makes the same bytes."""
    digest = hashlib.sha256(f"{draft.host}/{draft.key}/about".encode()).hexdigest()
    front = {"id": digest[:16], "title": draft.words["about"], "type": "page"}
    return compose(front, draft.words["body"].replace("{name}", draft.name))
