#!/bin/sh
# What the tests need from the system: Chromium, Java, Node with npm, CJK fonts, Git, OpenSSH, nginx; then the checkers from npm.
# As root the missing Debian packages are installed; anybody else is told what to install.
set -eu
cd "$(dirname "$0")/../.."

missing=
need() { missing="$missing $*"; }

[ -x /usr/bin/chromium ] || need chromium
command -v java >/dev/null || need default-jre-headless
# Node may come from elsewhere than Debian, with its own npm.
command -v node >/dev/null || need nodejs
command -v npm >/dev/null || need npm
# Playwright's own Node wants it.
ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || need libatomic1
command -v git >/dev/null || need git
# The fault harness is held against it.
command -v strace >/dev/null || need strace
command -v ssh >/dev/null || need openssh-client
[ -x /usr/sbin/sshd ] || need openssh-server
# nginx lies in /usr/sbin, which is not in everybody's PATH.
PATH="$PATH:/usr/sbin" command -v nginx >/dev/null || need nginx-light
ls /usr/lib/nginx/modules/ngx_http_brotli_static_module.so >/dev/null 2>&1 || need libnginx-mod-http-brotli-static
command -v curl >/dev/null || need curl
command -v openssl >/dev/null || need openssl
if command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family | grep -i 'noto.*cjk' || true)" ]; then :; else need fonts-noto-cjk; fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "Installing / 正在安装:$missing" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086 # a list of names
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "The tests need these packages / 测试需要先安装: apt-get install$missing" >&2
        exit 1
    fi
fi

# Anew when the lock file is newer than what stands there.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --silent
