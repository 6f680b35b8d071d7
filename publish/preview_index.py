"""The page on 127.0.0.1 that lists the cluster's sites, for whoever opens the preview server without a name.

Works under the strict CSP of the sites: one small stylesheet of its own, no script.
Called by `publish.preview`.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

INDEX_CSS = """\
body {
  margin: 0; background: #f5f6f8; color: #1b1f24;
  font: 18px/1.6 "PingFang SC", "HarmonyOS Sans SC", "Source Han Sans SC", "Noto Sans CJK SC",
    "Microsoft YaHei", sans-serif;
}
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.25rem; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.35; }
p { margin: .25rem 0 0; color: #4a5361; }
ul {
  margin: 2rem 0; padding: 0; list-style: none; background: #fff;
  border: 1px solid #d9dde3; border-radius: .5rem;
}
li + li { border-top: 1px solid #d9dde3; }
a { display: block; padding: .9rem 1.25rem; color: #0b4a8f; text-decoration: none; }
a:hover b, a:focus-visible b { text-decoration: underline; }
a:focus-visible { outline: 3px solid #0b4a8f; outline-offset: -3px; border-radius: .5rem; }
b { display: block; font-size: 1.1rem; }
span { color: #4a5361; font-size: .9rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: #15181c; color: #e8eaed; }
  ul { background: #1d2126; }
  ul, li + li { border-color: #3a414a; }
  a { color: #9cc3ff; }
  a:focus-visible { outline-color: #9cc3ff; }
  p, span { color: #b4bcc7; }
}
"""


@dataclass(frozen=True, slots=True)
class IndexSite:
    """One site in the list: its name, address and language (`zh-Hans` or `en`)."""

    name: str
    url: str
    language: str = "zh-Hans"
    description: str = ""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """What the page on 127.0.0.1 shows: the cluster's name in Chinese and English, and its sites in order."""

    name: str
    english: str
    sites: tuple[IndexSite, ...]


def render_index(index: IndexPage) -> str:
    """The list of sites as HTML: Chinese first, English below, no inline style."""
    rows = "\n".join(_render_row(site) for site in index.sites)
    name, english = escape(index.name), escape(index.english)
    return f"""<!DOCTYPE html>
<html lang="zh-Hans">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{name} · {english}</title>
<link rel="stylesheet" href="/index.css">
</head>
<body>
<main>
<h1>{name}</h1>
<p lang="en">{english}</p>
<ul>
{rows}
</ul>
<p>这是预览服务器，只在本机可见。</p>
<p lang="en">This is the preview server; only this computer can see it.</p>
</main>
</body>
</html>
"""


def _render_row(site: IndexSite) -> str:
    name, url, note = escape(site.name), escape(site.url), escape(site.description or site.url)
    return f'<li><a href="{url}" lang="{escape(site.language)}"><b>{name}</b><span>{note}</span></a></li>'
