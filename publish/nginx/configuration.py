"""The complete configuration of nginx for a cluster: one server a site, from `sites/` and the options alone.

Same input, same bytes. Values of `site.toml` are a host (checked by `options`), a key (checked when it was read) and a
name, which is escaped. Called by `cli.nginx`. Does no I/O.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

from cluster.release import MODES
from cluster.site import Cluster, Site
from publish import headers, media_types, modes
from publish.nginx import template
from publish.nginx.options import Options, Tls, is_host, refuse_unfit_hosts

LOGS = "/var/log/nginx"
_NAME_SHOWN = 200
_VARYING = "Content-Security-Policy"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def configuration(cluster: Cluster, options: Options) -> str:
    """The text of nginx's main configuration file. Raises: ConfigError for a host that is none."""
    refuse_unfit_hosts(cluster)
    limits = options.limits
    return template.MAIN.substitute(
        command=_one_line(options.command),
        user=f"user {options.user};\n" if options.user else "",
        pid=f"pid {options.run}/nginx.pid;\n" if options.run else "",
        logs=options.run or LOGS,
        files=limits.files,
        connections=limits.connections,
        cached_files=limits.cached_files,
        cache_seconds=limits.cache_seconds,
        address_connections=limits.address_connections,
        address_requests=limits.address_requests,
        address_burst=limits.address_burst,
        retry_seconds=limits.retry_seconds,
        temporary="".join(f"    {one}_temp_path {options.run}/{one};\n" for one in _TEMPORARY if options.run),
        proxies=_proxies(options.proxies),
        types=_types(media_types.MEDIA_TYPES),
        charset_types=" ".join(sorted(_texts(with_charset=True) - {"text/html"})),
        gzip_types=" ".join(sorted(_texts(with_charset=False) - {"text/html"})),
        brotli="    brotli_static on;\n" if options.brotli else "",
        page_cache=headers.PAGE_CACHE,
        asset_cache=headers.ASSET_CACHE,
        mode_cache=headers.MODE_CACHE,
        mode_vary=headers.MODE_VARY,
        modes="\n".join(f'        "~{modes.chosen_pattern(mode)}" "-{mode}";' for mode in MODES),
        shared=_shared(cluster.domain),
        cookies="\n".join(_cookie(mode) for mode in (*MODES, modes.NORMAL)),
        return_path=modes.RETURN,
        error_cache=headers.ERROR_CACHE,
        refusal_cache=headers.REFUSAL_CACHE,
        csp=headers.CSP,
        svg_csp=headers.SVG_CSP,
        hsts=headers.HSTS,
        headers="\n".join(
            f'    add_header {name} "{value}" always;' for name, value in headers.HEADERS.items() if name != _VARYING
        ),
        tls=template.TLS if options.tls else "",
        refusing="\n".join(_refusing(options)),
        servers="\n".join(_servers(cluster, options)),
    )


def _shared(domain: str) -> str:
    """Where a cookie may be everybody's; without a fit domain every host has its own."""
    return f'        .{domain} "; Domain={domain}";\n' if is_host(domain) else ""


def _cookie(mode: str) -> str:
    return f'        "303{modes.LINKS}{mode}" "{modes.cookie_words(mode)}$zq_shared$zq_secure";'


def _one_line(command: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", command)


def _proxies(networks: Iterable[str]) -> str:
    lines = [f"    set_real_ip_from {network};\n" for network in networks]
    if not lines:
        return ""
    return "".join([*lines, "    real_ip_header X-Forwarded-For;\n", "    real_ip_recursive on;\n\n"])


# ---- media types ----------------------------------------------------------------------------------------------------


def _types(table: Mapping[str, str]) -> str:
    """nginx's block of types; what a type says of its charset is left to `charset`."""
    endings: dict[str, list[str]] = {}
    for ending, kind in table.items():
        endings.setdefault(_bare(kind), []).append(ending.removeprefix("."))
    lines = [f"        {kind} {' '.join(names)};" for kind, names in endings.items()]
    return "\n".join(["    types {", *lines, "    }"])


def _texts(*, with_charset: bool) -> set[str]:
    """The types that are text: those whose header names a charset, or all that compress well."""
    kinds = {*media_types.MEDIA_TYPES.values(), *media_types.FEEDS.values()}
    named = {_bare(kind) for kind in kinds if kind.startswith("text/") or "charset" in kind}
    if with_charset:
        return named
    return named | {kind for kind in map(_bare, kinds) if kind.endswith(("json", "xml")) or kind == "application/wasm"}


def _bare(kind: str) -> str:
    return kind.partition(";")[0]


# ---- servers --------------------------------------------------------------------------------------------------------


def _refusing(options: Options) -> list[str]:
    """The servers that get every request for a host that is no site's."""
    plain = template.REFUSING.substitute(listen=_listen(options.listen, " default_server"), tls="")
    if options.tls is None:
        return [plain]
    secret = template.REFUSING.substitute(
        listen=_listen(options.tls.listen, " ssl http2 default_server"), tls="        ssl_reject_handshake on;\n"
    )
    return [plain, secret]


def _servers(cluster: Cluster, options: Options) -> list[str]:
    sites = [_server(site, options) for site in cluster.sites.values()]
    return [_redirecting(cluster, options, options.tls), *sites] if options.tls else sites


def _redirecting(cluster: Cluster, options: Options, tls: Tls) -> str:
    port = tls.listen[0].rpartition(":")[2]
    return template.REDIRECTING.substitute(
        listen=_listen(options.listen, ""),
        hosts=" ".join(site.host for site in cluster.sites.values()),
        port="" if port == "443" else f":{port}",
    )


def _server(site: Site, options: Options) -> str:
    tls = options.tls
    return template.SITE.substitute(
        www=options.www,
        site=site.key,
        variable=site.key.replace("-", "_"),
        host=site.host,
        listen=_listen(tls.listen, " ssl http2") if tls else _listen(options.listen, ""),
        tls=_certificate(site, tls) if tls else "",
        mode_names="|".join((*MODES, modes.NORMAL)),
        feeds="".join(_feed(name, kind) for name, kind in media_types.FEEDS.items()),
        closed_page=template.CLOSED_PAGE.substitute(name=_escaped(site.name)),
    )


def _feed(name: str, kind: str) -> str:
    return template.FEED.substitute(name=re.escape(name), type=_bare(kind))


def _listen(addresses: Iterable[str], words: str) -> str:
    return "".join(f"        listen {address}{words};\n" for address in addresses)


def _certificate(site: Site, tls: Tls) -> str:
    certificate, key = (path.replace("{host}", site.host) for path in (tls.certificate, tls.key))
    return f'        ssl_certificate "{certificate}";\n        ssl_certificate_key "{key}";\n'


def _escaped(name: str) -> str:
    """A name as text of a page within a word of nginx: no quote, variable or escape is left in it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name[:_NAME_SHOWN])
    return html.escape(plain).replace("\\", "&#92;").replace("$", "&#36;")
