#!/usr/bin/env bash
# Builds and starts everything with docker-compose, in a project of its own on a free port, and shows
# with exact counts that no acknowledged log is lost or stored twice: through the README's examples,
# a restart of MongoDB, a killed aggregator, and `down` and `up`. It needs a Docker engine that answers.
#
#   tests/compose.sh                            # takes `docker compose`, else docker-compose
#   COMPOSE=docker-compose tests/compose.sh     # that one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A password with signs that a connection string wants percent-encoded: p@ss/w:rd.
export MONGODB_PASSWORD=p%40ss%2Fw%3Ard MONGODB_ROOT_PASSWORD='r@@t/:%' AGGREGATOR_PORT=''
unset MONGODB_USER MONGODB_ROOT_USER MONGODB_DATABASE MONGODB_COLLECTION COMPOSE_FILE COMPOSE_PROFILES
project=logs-test-$$
started=$(date +%s)
log=$(mktemp)

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
passed() { printf '%4ds  %s\n' "$(($(date +%s) - started))" "$*"; }

# Runs quietly; what was printed is shown when it fails.
quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        fail "this command failed: $*"
    }
}
compose() { "${compose[@]}" -p "$project" "$@"; }

find_tools() {
    command -v curl >/dev/null || fail "curl is needed"
    docker info >/dev/null 2>&1 || fail "no Docker engine answers: start one, then try again"
    if [ -n "${COMPOSE:-}" ]; then
        read -r -a compose <<<"$COMPOSE"
    elif docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null; then
        compose=(docker-compose)
    else
        fail "neither 'docker compose' nor docker-compose is installed"
    fi
    "${compose[@]}" version --short >/dev/null || fail "'${compose[*]}' does not run"
}

cleanup() {
    local code=$?
    if [ "$code" -ne 0 ]; then
        compose ps -a >&2 || true
        compose logs --no-color --tail 20 >&2 || true
    fi
    compose down --volumes --rmi local --remove-orphans >/dev/null 2>&1 || true
    rm -f "$log"
    exit "$code"
}

# until_true SECONDS WHAT COMMAND...: waits for the command to succeed.
until_true() {
    local deadline=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "waited in vain for $what"
        sleep 0.5
    done
}

container() { compose ps -q "$1" | head -n 1; }
inspect() { docker inspect --format "$2" "$(container "$1")"; }
base_url() { echo "http://$(compose port aggregator 8005)"; }

is() { # WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# How many records the service gives back; with an argument, how many of that query.
stored() {
    local answer status
    answer=$(mktemp)
    status=$(curl -sS -o "$answer" -w '%{http_code}' "$(base_url)/logs/retrieve${1:-}") ||
        fail "the answer of /logs/retrieve broke off"
    case $status in
        200) grep -oE '"id":"[0-9a-f]{40}","timestamp":"' "$answer" | wc -l | tr -d ' ' ;;
        404) echo 0 ;;
        *) fail "/logs/retrieve answered $status: $(head -c 300 "$answer")" ;;
    esac
    rm -f "$answer"
}
