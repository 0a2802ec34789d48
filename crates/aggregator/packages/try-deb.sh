#!/usr/bin/env bash
# Installs the .deb on this machine, starts the service as its unit says, and shows that an upgrade, a removal and a
# purge keep the records. It takes everything away again that it has brought, listens on a free port, and touches nothing
# that was there before: where there is an aggregator, or a systemd that would start one, it does not begin.
#
#   crates/aggregator/packages/try-deb.sh FIRST.deb SECOND.deb      # the second has a higher version
#
# Needs root, dpkg, adduser, curl, systemd-analyze and python3-seccomp.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
first=$1 second=$2
unit=/lib/systemd/system/aggregator.service
settings=/etc/default/aggregator
data=/var/lib/aggregator
# As `systemd-analyze security` counts it, times ten: the guide tells it, too.
most_exposure=12

fail() {
    echo "FAILED: $*" >&2
    [ -z "${log:-}" ] || tail -n 20 "$log" >&2
    exit 1
}
passed() { echo "passed: $*"; }
is() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

refuse_to_disturb() {
    [ "$(id -u)" -eq 0 ] || fail "dpkg needs root"
    [ ! -d /run/systemd/system ] || fail "systemd runs here and would start the service: take a container"
    if dpkg -s aggregator >/dev/null 2>&1 || [ -e "$data" ] || getent passwd aggregator >/dev/null; then
        fail "there is an aggregator on this machine, or what is left of one"
    fi
}

started=''
cleanup() {
    local code=$?
    [ -z "$started" ] || kill -KILL "$started" 2>/dev/null || true
    dpkg --purge aggregator >/dev/null 2>&1 || true
    rm -rf "$data"
    if getent passwd aggregator >/dev/null; then deluser --quiet --system aggregator || true; fi
    rm -f "$log" "$said"
    exit "$code"
}

start() {
    : >"$log"
    /usr/bin/python3 "$here/start_as_unit.py" "$unit" >>"$log" 2>&1 &
    started=$!
    local tries=0
    until url=$(grep -oE 'listening address=127\.0\.0\.1:[0-9]+' "$log"); do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "the service does not listen"
        kill -0 "$started" 2>/dev/null || fail "the service ended"
        sleep 0.1
    done
    url=http://${url#listening address=}
}
stop() {
    [ -n "$started" ] || return 0
    kill -TERM "$started"
    wait "$started" || fail "the service ended with $?"
    started=''
}

send() {
    curl -sSf -X POST "$url/logs/batch?ack=stored" -H "Content-Type: application/json" \
        -d '[{"message":"one","level":"INFO"},{"message":"two","level":"WARN"}]' >/dev/null
    sent=$((sent + 2))
}
are_there() {
    is "records $1" "$sent" "$(curl -sSf "$url/logs/retrieve?limit=1000&format=ndjson" | wc -l)"
}
# Starts it, finds what was sent, sends more, and stops it.
use() {
    start
    [ "$sent" -eq 0 ] || are_there "$1"
    send
    are_there "$1"
    stop
    ! grep -E 'WARN|ERROR' "$log" || fail "the service had something to complain about"
}

check_installed() {
    is "owner and mode of the data folder" "aggregator:aggregator 700" "$(stat -c '%U:%G %a' "$data")"
    is "owner and mode of the settings" "root:root 600" "$(stat -c '%U:%G %a' "$settings")"
    is "shell of the user" /usr/sbin/nologin "$(getent passwd aggregator | cut -d: -f7)"
    is "files that an upgrade leaves as they are" "$settings" "$(dpkg-query -f '${Conffiles}' -W aggregator | awk '{print $1}' | tr -d '\n')"
    local page
    for page in aggregator aggregator-query aggregator-spool-verify; do
        [ -s "/usr/share/man/man1/$page.1.gz" ] || fail "no manual page $page"
    done
    for page in bash-completion/completions/aggregator zsh/vendor-completions/_aggregator fish/vendor_completions.d/aggregator.fish; do
        grep -q listen-addr "/usr/share/$page" || fail "no completions in $page"
    done
    grep -q '"CycloneDX"' /usr/share/doc/aggregator/aggregator.cdx.json || fail "the list of parts is no CycloneDX"
    for page in copyright README.md guide/settings.md; do
        [ -s "/usr/share/doc/aggregator/$page" ] || [ -s "/usr/share/doc/aggregator/$page.gz" ] || fail "no $page"
    done
    systemd-analyze security --offline=true --threshold=$most_exposure --no-pager "$unit" >"$said" 2>&1 ||
        fail "the unit is more exposed than it was: $(tail -n 1 "$said")"
    systemd-analyze --man=no verify "$unit" >"$said" 2>&1 || fail "the unit is wrong: $(cat "$said")"
    passed "installed: $(dpkg-query -f '${Version}' -W aggregator), user, settings, manual, completions, unit"
}

log=$(mktemp) said=$(mktemp) sent=0
refuse_to_disturb
trap cleanup EXIT
dpkg -i "$first" >"$said" 2>&1 || fail "$(cat "$said")"
check_installed
echo "LISTEN_ADDR=127.0.0.1:0" >>"$settings"
use "after the installation"
passed "runs as its unit says, under its filter of system calls"

before=$(dpkg-query -f '${Version}' -W aggregator)
dpkg -i "$second" >"$said" 2>&1 </dev/null || fail "$(cat "$said")"
dpkg --compare-versions "$(dpkg-query -f '${Version}' -W aggregator)" gt "$before" || fail "$second is not newer"
grep -q '^LISTEN_ADDR=127.0.0.1:0$' "$settings" || fail "the upgrade has changed the settings"
use "after an upgrade"
passed "an upgrade keeps records and settings"

dpkg -r aggregator >"$said" 2>&1 || fail "$(cat "$said")"
[ ! -e /usr/bin/aggregator ] || fail "the program is still there"
dpkg -i "$second" >"$said" 2>&1 </dev/null || fail "$(cat "$said")"
use "after a removal and a new installation"
passed "a removal keeps records and settings"

dpkg --purge aggregator >"$said" 2>&1 || fail "$(cat "$said")"
grep -q "the logs stay in $data" "$said" || fail "the purge does not tell what stays: $(cat "$said")"
[ ! -e "$settings" ] || fail "the purge leaves the settings"
dpkg -i "$second" >"$said" 2>&1 </dev/null || fail "$(cat "$said")"
echo "LISTEN_ADDR=127.0.0.1:0" >>"$settings"
use "after a purge"
passed "a purge keeps records, and says so"

rm -r "$data"
dpkg --purge aggregator >"$said" 2>&1 || fail "$(cat "$said")"
! getent passwd aggregator >/dev/null || fail "the user stays though it owns nothing"
passed "a purge without records leaves nothing"
echo "all passed"
