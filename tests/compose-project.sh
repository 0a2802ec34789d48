# A project of docker-compose of a test's own: how it is asked, waited for, and taken away again with all that was made for
# it. To be sourced in the top folder, with `project` set to its name and `profile` to flags that choose one, if any;
# `begin` comes first. COMPOSE names the program (`docker compose`, else docker-compose).
# shellcheck shell=bash

# What a user of the machine may have set for a project that is not a test's.
unset MONGODB_USER MONGODB_ROOT_USER MONGODB_DATABASE MONGODB_COLLECTION ALLOWED_HOSTS COMPOSE_FILE COMPOSE_PROFILES
started=$(date +%s)
log=$(mktemp)
# Images that were there before stay.
down=(down --volumes --remove-orphans --rmi local)

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
passed() { printf '%4ds  %s\n' "$(($(date +%s) - started))" "$*"; }
is() { # WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

begin() {
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
    trap end EXIT
}
end() {
    local code=$?
    if [ "$code" -ne 0 ]; then
        compose ps -a >&2 || true
        compose logs --no-color --tail 20 >&2 || true
    fi
    compose "${down[@]}" >/dev/null 2>&1 || true
    rm -f "$log"
    exit "$code"
}

compose() { "${compose[@]}" -p "$project" "${profile[@]}" "$@"; }
container() { compose ps -a -q "$1" | head -n 1; }
inspect() { docker inspect --format "$2" "$(container "$1")"; }
is_healthy() { [ "$(inspect "$1" '{{.State.Health.Status}}')" = healthy ]; }

# Runs quietly; what was printed is shown when it fails.
quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        fail "this command failed: $*"
    }
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

# Reads a producer's summary: how many logs were accepted.
accepted() { sed -nE 's/.*accepted +([0-9]+) .*/\1/p'; }
