"""Tables that the preview server and the real nginx are both held to: who asks for which mode, who is led where."""

from __future__ import annotations

HOST = "portal.yunze.localhost:8080"

# Referer → where a choice of mode leads.
WAYS_BACK = {
    "no Referer": ("", "/"),
    "a page of the host": (f"http://{HOST}/news/2026/a.html", "/news/2026/a.html"),
    "over HTTPS": (f"https://{HOST}/news/", "/news/"),
    "the home page": (f"http://{HOST}/", "/"),
    "a search": (f"http://{HOST}/search.html?q=%E5%85%BB%E8%80%81&site=portal", "/search.html?q=%E5%85%BB%E8%80%81&site=portal"),
    "a Chinese column": (f"http://{HOST}/%E6%96%B0%E9%97%BB/", "/%E6%96%B0%E9%97%BB/"),
    "the host in capitals": (f"http://{HOST.upper()}/news/", "/news/"),
    "another host": ("http://evil.example/news/", "/"),
    "another host of the cluster": ("http://english.yunze.localhost:8080/news/", "/"),
    "another port": ("http://portal.yunze.localhost:9090/news/", "/"),
    "the host without its port": ("http://portal.yunze.localhost/news/", "/"),
    "a host that begins alike": (f"http://{HOST}.evil.example/news/", "/"),
    "the host as a name to log in": (f"http://{HOST}@evil.example/news/", "/"),
    "two slashes, which would be another host": (f"http://{HOST}//evil.example/", "/"),
    "a slash and a backslash, the same to a browser": (f"http://{HOST}/\\evil.example/", "/"),
    "a backslash further on": (f"http://{HOST}/news/\\evil.example/", "/"),
    "no path at all": (f"http://{HOST}", "/"),
    "a path alone": ("/news/", "/"),
    "two slashes alone": ("//evil.example/", "/"),
    "another scheme": (f"javascript://{HOST}/%0aalert(1)", "/"),
    "a link of this kind, which would go round": (f"http://{HOST}/_mode/elder", "/"),
    "a blank": (f"http://{HOST}/news/ evil", "/"),
    "a quote": (f'http://{HOST}/news/"evil', "/"),
    "an angle": (f"http://{HOST}/<script>", "/"),
    "an encoded line break stays encoded": (f"http://{HOST}/a%0d%0aSet-Cookie:x=y", "/a%0d%0aSet-Cookie:x=y"),
    "a tab": (f"http://{HOST}/news/\tevil", "/"),
    "as long as may be": (f"http://{HOST}/{'a' * 1500}", f"/{'a' * 1500}"),
    "overlong": (f"http://{HOST}/{'a' * 1501}", "/"),
    "two addresses": (f"http://evil.example/ http://{HOST}/news/", "/"),
}  # fmt: skip

# Cookie → the mode whose sheet comes, empty for the normal one.
CHOSEN = {
    "no cookie": ("", ""),
    "elder": ("mode=elder", "elder"),
    "yellow": ("mode=yellow", "yellow"),
    "text": ("mode=text", "text"),
    "among others": ("accessible=o1t2; mode=elder; x=y", "elder"),
    "without a blank": ("a=b;mode=text;c=d", "text"),
    "normal": ("mode=normal", ""),
    "an empty value": ("mode=", ""),
    "an unknown value": ("mode=huge", ""),
    "more than a value": ("mode=elderly", ""),
    "capitals": ("mode=ELDER", ""),
    "a path": ("mode=../../elder", ""),
    "quotes": ('mode="elder"', ""),
    "another cookie that ends alike": ("notmode=elder", ""),
    "a value that looks like the cookie": ("x=mode=elder", ""),
}

SHEETS = {
    "portal/_mode.css": "/* normal */",
    "portal/_mode-elder.css": "html { font-size: 150% }",
    "portal/_mode-yellow.css": "html { font-size: 150%; color: #ff0 }",
    "portal/_mode-text.css": "img { display: none }",
}


def sheet_for(mode: str) -> str:
    """The words of a mode's sheet."""
    return SHEETS[f"portal/_mode-{mode}.css" if mode else "portal/_mode.css"]
