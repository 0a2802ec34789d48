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
project=logs-test-$$
profile=()
source tests/compose-project.sh

base_url() { echo "http://$(compose port aggregator 8005)"; }

# How many records the service gives back.
stored() {
    local answer status
    answer=$(mktemp)
    status=$(curl -sS -o "$answer" -w '%{http_code}' "$(base_url)/logs/retrieve") ||
        fail "the answer of /logs/retrieve broke off"
    case $status in
        200) grep -oE '"id":"[0-9a-f]+","timestamp":"' "$answer" | wc -l | tr -d ' ' ;;
        404) echo 0 ;;
        *) fail "/logs/retrieve answered $status: $(head -c 300 "$answer")" ;;
    esac
    rm -f "$answer"
}

# The Nth fenced block of the README's section "Send and read".
example() {
    awk -v n="$1" '
        /^## /    { inside = /^## Send and read/ }
        !inside   { next }
        /^```/    { if (open) { open = 0 } else { open = 1; block++ } next }
        open && block == n
    ' README.md
}

# Sends COUNT logs at RATE a second, in the background; `sent COUNT` waits for the end.
send() {
    compose run --rm -T --no-deps producer --count "$1" --rate "$2" --batch-size 50 \
        </dev/null >"$summary" 2>"$log" &
    sender=$!
}
sent() {
    wait "$sender" || {
        cat "$summary" "$log" >&2
        fail "the producer did not get all of its logs accepted"
    }
    is "logs that the producer says were accepted" "$1" "$(accepted <"$summary")"
    total=$((total + $1))
    all_are_stored
}
all_are_stored() {
    until_true 60 "$total logs to be stored" has_at_least "$total"
    is "logs that are stored" "$total" "$(stored)"
}
has_at_least() {
    local count
    count=$(stored 2>/dev/null) && [ "$count" -ge "$1" ]
}
is_sending() { kill -0 "$sender" 2>/dev/null || fail "the logs were sent before the outage was over"; }

check_up() {
    quietly compose up --build -d
    until_true 60 "a healthy aggregator" is_healthy aggregator
    is_healthy mongodb || fail "MongoDB is not healthy"
    is "the producer's state" running "$(inspect producer '{{.State.Status}}')"
    local made ready first
    made=$(inspect mongodb-user '{{.State.ExitCode}} {{.State.FinishedAt}}')
    ready=$(inspect aggregator '{{.State.StartedAt}}')
    first=$(inspect producer '{{.State.StartedAt}}')
    [[ $made == "0 "* && ${made#0 } < $ready && $ready < $first ]] ||
        fail "started out of order: user made '$made', aggregator $ready, producer $first"
    passed "up --build: all services are up, each after what it needs"
}

check_walls() {
    is "addresses of the host that are published" "127.0.0.1 " \
        "$(docker ps -q --filter "label=com.docker.compose.project=$project" | xargs docker inspect --format \
            '{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}' | tr -d '\n')"
    local service owner
    for service in aggregator producer; do
        is "user, root file system and capabilities of $service" "65532:65532 true [ALL]" \
            "$(inspect $service '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')"
    done
    for service in aggregator mongodb producer; do
        [ "$(inspect $service '{{.HostConfig.Memory}}')" -gt 0 ] || fail "the memory of $service has no bound"
        is "what the log of $service may take" "10m 3" "$(inspect $service \
            '{{index .HostConfig.LogConfig.Config "max-size"}} {{index .HostConfig.LogConfig.Config "max-file"}}')"
    done
    owner=$(docker run --rm --entrypoint stat -v "${project}_aggregator-data:/volume:ro" mongo:6.0 -c %u:%g /volume)
    is "owner of the data folder" 65532:65532 "$owner"
    compose logs --no-color aggregator >"$log"
    ! grep -E 'WARN|ERROR' "$log" || fail "the aggregator had something to complain about"
    # shellcheck disable=SC2016 # $set is MongoDB's.
    is "what the service's user may not do" "Unauthorized Unauthorized Unauthorized " \
        "$(as_service 'const logs = db.getSiblingDB("logdb").logs;
            for (const attempt of [() => logs.drop(), () => logs.updateMany({}, { $set: { a: 1 } }),
                () => db.getSiblingDB("other").logs.insertOne({})])
                try { attempt(); print("allowed") } catch (error) { print(error.codeName) }' | tr '\n' ' ')"
    passed "walls: only 127.0.0.1 is published; no root, no writable root file system, no more rights, memory and log than needed"
}
as_service() {
    compose exec -T mongodb mongosh --quiet \
        "mongodb://aggregator:$MONGODB_PASSWORD@mongodb:27017/admin" --eval "$1"
}

check_examples() {
    local number
    for number in 1 3; do
        is "the answer to the README's example $number" "$(told "$number")" "$(answer "$number")"
    done
    total=5
    # What was accepted a moment ago is being stored.
    until_true 60 "the README's answer to its example 5" is_as_told 5
    passed "the README's curl examples give the README's answers"
}
answer() { bash -c "$(example "$1" | sed "s|http://localhost:8005|$(base_url)|; s|^curl|curl -sS|")" | without_ids; }
told() { example "$(($1 + 1))" | without_ids; }
is_as_told() { [ "$(answer "$1")" = "$(told "$1")" ]; }

# A batch without a key gets new ids each time; in the README a long answer is broken into lines.
without_ids() { tr -d '\n' | sed -E 's/"(id|batchId)":"[0-9a-f]+"/"\1":"…"/g'; }

# What comes through the published port is from beyond the container.
check_strangers() {
    local url
    url=$(base_url)
    is "the status of refused records for strangers" 403 "$(curl -sS -o /dev/null -w '%{http_code}' "$url/logs/rejected")"
    is "the status for a page that made its name point here" 421 \
        "$(curl -sS -o /dev/null -w '%{http_code}' -H "Host: evil.example" "$url/health")"
    is "refused records, as the command line lists them" "no record is kept aside" \
        "$(compose exec -T aggregator aggregator rejected list)"
    is "what the command line puts back" "0 records are put back" "$(compose exec -T aggregator aggregator rejected replay)"
    is "how often the log tells of those who were refused" 2 \
        "$(compose logs --no-color aggregator | grep -cE 'WARN .*: a request is refused: ')"
    passed "strangers do not see refused records; the command line lists them and puts them back"
}

check_steady_producer() {
    until_true 60 "the producer's logs" has_at_least 30
    quietly compose stop producer
    is "exit code of the producer" 0 "$(inspect producer '{{.State.ExitCode}}')"
    local steady
    steady=$(compose logs --no-color producer | accepted)
    [[ $steady =~ ^[0-9]+$ ]] || fail "the steady producer left no summary"
    total=$((total + steady))
    all_are_stored
    passed "the steady producer had $steady logs accepted, and exactly those are stored"
}

check_outages() {
    send 20000 0 && sent 20000
    passed "20000 logs as fast as possible: stored exactly"
    send 2000 200
    sleep 3
    quietly compose restart mongodb
    is_sending
    sent 2000
    passed "2000 logs through a restart of MongoDB: stored exactly"
    send 2000 200
    sleep 3
    quietly compose kill aggregator
    quietly compose up -d aggregator
    is_sending
    sent 2000
    passed "2000 logs through a killed aggregator and 'up': stored exactly"
}

check_down_and_up() {
    quietly compose stop aggregator
    is "exit code of the stopped aggregator" 0 "$(inspect aggregator '{{.State.ExitCode}}')"
    quietly compose down
    quietly compose up -d aggregator
    until_true 60 "a healthy aggregator" is_healthy aggregator
    all_are_stored
    passed "down and up: all $total are still there"
    export MONGODB_PASSWORD=another
    quietly compose up -d aggregator
    until_true 60 "a healthy aggregator" is_healthy aggregator
    all_are_stored
    passed "another MONGODB_PASSWORD and up: all $total are still there"
}

begin
summary=$(mktemp)
check_up
check_examples
check_steady_producer
check_walls
# After the look at a log in which there is nothing to complain about.
check_strangers
check_outages
check_down_and_up
passed "all passed with ${compose[*]} $("${compose[@]}" version --short)"
