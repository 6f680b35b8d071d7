"""The texts of nginx's configuration (nginx 1.22 as in Debian 12), with `@{name}` for what `configuration` fills in.

Why it is as it is:
- `$realpath_root` is looked up once a request, and everything of the answer comes from that folder. So a visitor sees
  one release, however often `current` is swapped meanwhile, and a file that nginx keeps open belongs to a folder that
  never changes: a swap shows at once, whatever `open_file_cache_valid` is.
- All headers stand at one place, with maps for what differs: an `add_header` in a `server` would drop all others.
- `/_mode.css` is the sheet that the visitor's cookie asks for, and nothing else depends on a cookie; a release
  of before has the normal one alone. A choice leads back to a path of the same host (publish/modes.py).
- Redirects are asked for only when there is no such file (docs/formats.md "Redirects").
"""

from __future__ import annotations

from string import Template


class Text(Template):
    """A template whose marks are not nginx's."""

    delimiter = "@"


MAIN = Text(r"""# nginx for all sites. Written by:
#   @{command}
# Do not edit: write it again when a site was added or its host changed, then reload nginx.

@{user}worker_processes auto;
worker_rlimit_nofile @{files};
pcre_jit on;
@{pid}error_log @{logs}/error.log error;
include /etc/nginx/modules-enabled/*.conf;
include /usr/share/nginx/modules/*.conf;

events {
    worker_connections @{connections};
}

http {
    server_tokens off;
    absolute_redirect off;
    log_not_found off;
    uninitialized_variable_warn off;

    # Room for long hosts, sites and redirects; nginx wants to know before the first map.
    server_names_hash_max_size 4096;
    server_names_hash_bucket_size 512;
    variables_hash_max_size 4096;
    variables_hash_bucket_size 256;
    map_hash_max_size 65536;
    map_hash_bucket_size 512;

    # Who asked for what, without query strings: they may hold what people searched for or filled in.
    map $request_uri $zq_asked {
        "~^([^?]*)" $1;
    }
    map $http_referer $zq_from {
        "~^([^?]*)" $1;
    }
    log_format zhanqun '$remote_addr [$time_iso8601] $host "$request_method $zq_asked $server_protocol" '
                       '$status $body_bytes_sent $request_time "$zq_from" "$http_user_agent"';
    access_log @{logs}/access.log zhanqun buffer=64k flush=5s;
@{temporary}
@{proxies}    # Files.
    sendfile on;
    tcp_nopush on;
    index index.html;
    # Times follow content and may well go back: only the very same time is "not modified".
    if_modified_since exact;
    etag on;
    disable_symlinks off;
    # Fewer than a worker may open. The folders of a release never change; the time is for a file that the guard
    # restored in its place, and for the mark of a closed site.
    open_file_cache max=@{cached_files} inactive=60s;
    open_file_cache_valid @{cache_seconds}s;
    open_file_cache_min_uses 1;
    open_file_cache_errors off;

@{types}
    default_type application/octet-stream;
    charset utf-8;
    charset_types @{charset_types};

    # Text has a sibling that is compressed already; clients that do not know brotli get gzip.
@{brotli}    gzip on;
    gzip_vary on;
    gzip_proxied any;
    gzip_comp_level 5;
    gzip_min_length 512;
    gzip_types @{gzip_types};

    # Nothing is sent to us but questions.
    client_max_body_size 1k;
    client_body_timeout 10s;
    client_header_timeout 10s;
    client_header_buffer_size 2k;
    large_client_header_buffers 4 8k;
    send_timeout 30s;
    keepalive_timeout 30s;
    keepalive_requests 1000;
    reset_timedout_connection on;
    limit_conn_zone $binary_remote_addr zone=zq_connections:10m;
    limit_req_zone $binary_remote_addr zone=zq_requests:10m rate=@{address_requests}r/s;
    limit_conn zq_connections @{address_connections};
    limit_req zone=zq_requests burst=@{address_burst} nodelay;
    limit_conn_status 429;
    limit_req_status 429;
    limit_conn_log_level info;
    limit_req_log_level info;

    # Headers of every answer; those that are empty are not sent.
    map $uri $zq_file_cache {
        default "@{page_cache}";
        "~^/assets/" "@{asset_cache}";
        "~^/_mode(?:-[a-z]+)?\.css\z" "@{mode_cache}";
    }
    map $status $zq_cache {
        default $zq_file_cache;
        303 "@{refusal_cache}";
        "~^[45]" "@{error_cache}";
        421 "@{refusal_cache}";
        429 "@{refusal_cache}";
        503 "@{refusal_cache}";
    }
    map $uri $zq_csp {
        default "@{csp}";
        "~*\.svg\z" "@{svg_csp}";
    }
    map $https $zq_hsts {
        default "";
        on "@{hsts}";
    }
    map $status $zq_allow {
        default "";
        405 "GET, HEAD";
    }
    map $status $zq_retry {
        default "";
        503 "@{retry_seconds}";
    }
    map $uri $zq_vary {
        default "";
        "~^/_mode(?:-[a-z]+)?\.css\z" "@{mode_vary}";
    }

    # Modes without script: the sheet that a cookie asks for, the cookie that a link sets, the way back.
    map $http_cookie $zq_mode {
        default "";
@{modes}
    }
    map $host $zq_shared {
        hostnames;
        default "";
@{shared}    }
    map $https $zq_secure {
        default "";
        on "; Secure";
    }
    # Nobody else answers 303.
    map $status$uri $zq_cookie {
        default "";
@{cookies}
    }
    map "$http_host $http_referer" $zq_back {
        default "/";
        "~*@{return_path}" $2;
    }
    add_header Set-Cookie $zq_cookie always;
    add_header Vary $zq_vary always;
    add_header Cache-Control $zq_cache always;
    add_header Content-Security-Policy $zq_csp always;
    add_header Strict-Transport-Security $zq_hsts always;
    add_header Allow $zq_allow always;
    add_header Retry-After $zq_retry always;
@{headers}
@{tls}
    # A foreign name for this machine shows nothing.
@{refusing}

@{servers}}
""")

TLS = """\
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
    ssl_prefer_server_ciphers off;
    ssl_session_cache shared:zq_tls:10m;
    ssl_session_timeout 1d;
    ssl_session_tickets off;
"""

REFUSING = Text(r"""    server {
@{listen}@{tls}        server_name _;
        types {}
        default_type text/plain;
        return 421 "本服务器没有这个网站。\nThere is no such site on this server.\n";
    }""")

REDIRECTING = Text(r"""    server {
@{listen}        server_name @{hosts};
        return 301 https://$host@{port}$request_uri;
    }
""")

SITE = Text(r"""    map $uri $zq_moved_@{variable} {
        default "";
        # Written by the receiver; the brackets make nginx start without it.
        include "@{www}/nginx/redirects-@{site}.ma[p]";
    }
    server {
        server_name @{host};
        root "@{www}/current/@{site}";
@{listen}@{tls}
        if ($request_method !~ "^(?:GET|HEAD)\z") {
            return 405;
        }
        # The notice of a closed site is grey and in large print like any page.
        set $zq_closed "";
        if (-f "@{www}/closed/@{site}") {
            set $zq_closed 1;
        }
        if ($uri = /_mode.css) {
            set $zq_closed "";
        }
        if ($zq_closed) {
            return 503;
        }
        if ($zq_tree = "") {
            set $zq_tree $realpath_root;
        }
        if ($zq_tree = "") {
            return 503;
        }
        recursive_error_pages on;
        error_page 403 404 = @@missing;
        error_page 503 @@closed;

        # Dot files, the redirects and compressed siblings have no address of their own.
        location ~ "(?:^/\.(?!well-known(?:/|\z))|./\.|/_redirects(?:/|\z)|\.br(?:/|\z))" {
            return 404;
        }
@{feeds}        location = /_mode.css {
            root $zq_tree;
            try_files /_mode$zq_mode.css /_mode.css =404;
        }
        location ~ "^/_mode/(?:@{mode_names})\z" {
            return 303 $zq_back;
        }
        location / {
            root $zq_tree;
        }
        location /assets/ {
            root "@{www}";
        }
        location @@missing {
            recursive_error_pages off;
            error_page 404 /_zq/404;
            error_page 410 /_zq/410;
            if ($zq_moved_@{variable} = "410") {
                return 410;
            }
            if ($zq_moved_@{variable} != "") {
                return 301 $zq_moved_@{variable};
            }
            return 404;
        }
        location = /_zq/404 {
            internal;
            root $zq_tree;
            rewrite ^ /404.html break;
        }
        location = /_zq/410 {
            internal;
            root $zq_tree;
            rewrite ^ /410.html break;
        }
        location @@closed {
            types {}
            default_type text/html;
            return 503 "@{closed_page}";
        }
    }
""")

FEED = Text(r"""        location ~ "/@{name}\z" {
            root $zq_tree;
            types {}
            default_type @{type};
        }
""")

CLOSED_PAGE = Text(
    "<!DOCTYPE html><html lang='zh-Hans'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width'><title>@{name}</title>"
    "<link rel='stylesheet' href='/_mode.css'></head><body><h1>@{name}</h1>"
    "<p>本网站正在维护，暂停服务，请稍后再来。</p>"
    "<p lang='en'>This website is closed for maintenance. Please come back later.</p></body></html>"
)
