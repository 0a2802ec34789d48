#!/usr/bin/env bash
# The profile replica-set, in a project of its own on a free port: two aggregators on three members behind one address.
# It shows with exact counts that no acknowledged log is lost or stored twice when an aggregator and the primary are
# killed, and that a search which begins at one aggregator goes on at the other. It needs a Docker engine that answers.
#
#   tests/compose-replica-set.sh                            # takes `docker compose`, else docker-compose
#   COMPOSE=docker-compose tests/compose-replica-set.sh     # that one
#   BUILD='' tests/compose-replica-set.sh                   # with images that are there under the project's name
#
# PROJECT is the project's name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export REPLICA_SET_PORT='' AGGREGATOR_PORT='' CURSOR_KEY=a-secret-of-this-test
export MONGODB_CACHE_GB=0.25 MONGODB_MEMORY=768m
unset MONGODB_PASSWORD MONGODB_ROOT_PASSWORD
project=${PROJECT:-logs-replica-set-$$}
profile=(--profile replica-set)
source tests/compose-project.sh
# They may be needed again.
[ -n "${BUILD---build}" ] || down=(down --volumes --remove-orphans)

url() { echo "http://$(compose port balancer 8005)"; }
# Every record, page by page, each of which the balancer gives to the next aggregator: how many, and how many ids.
read_pages() {
    local cursor='' page head
    page=$(mktemp) head=$(mktemp)
    while true; do
        curl -sSf -D "$head" "$(url)/logs/retrieve?limit=500&format=ndjson${cursor:+&cursor=$cursor}" || return 1
        cursor=$(tr -d '\r' <"$head" | sed -nE 's/^x-next-cursor: *//Ip')
        [ -n "$cursor" ] || break
    done >"$page"
    echo "$(wc -l <"$page") $(grep -oE '^\{"id":"[0-9a-f]+"' "$page" | sort -u | wc -l)"
    rm -f "$page" "$head"
}
all_are_stored() { [ "$(read_pages 2>/dev/null)" = "$total $total" ]; }

# Sends COUNT logs at 200 a second by way of the balancer, while COMMAND is done.
send_while() {
    local count=$1 summary sender
    shift
    summary=$(mktemp)
    compose run --rm -T --no-deps -e PRODUCER_URL=http://balancer:8005 producer \
        --count "$count" --rate 200 --batch-size 20 </dev/null >"$summary" 2>"$log" &
    sender=$!
    sleep 3
    "$@"
    kill -0 "$sender" 2>/dev/null || fail "the logs were sent before it was done: $*"
    wait "$sender" || fail "the producer did not get all of its logs accepted: $(cat "$summary" "$log")"
    is "logs that were accepted" "$count" "$(accepted <"$summary")"
    rm -f "$summary"
    total=$((total + count))
    until_true 90 "$total logs to be stored" all_are_stored
}
primary() {
    compose exec -T mongodb-2 mongosh --quiet -u root -p laptop-root --authenticationDatabase admin \
        --eval 'print(db.hello().primary.split(":")[0])' | tr -d '\r'
}
kill_one_aggregator() {
    quietly docker kill "$(container aggregator-1)"
    sleep 3
    quietly docker start "$(container aggregator-1)"
}
kill_the_primary() {
    local member
    member=$(primary)
    quietly docker kill "$(container "$member")"
    sleep 5
    quietly docker start "$(container "$member")"
}

# What became of a batch is known to the aggregator that took it, which the answer names, and which is asked by its name.
check_names() {
    local answer name other id
    answer=$(mktemp)
    curl -sSf -D "$answer" -o "$answer.body" -X POST "$(url)/logs/batch?ack=stored" \
        -H "Content-Type: application/json" -d '[{"message":"who takes this?"}]'
    total=$((total + 1))
    name=$(tr -d '\r' <"$answer" | sed -nE 's/^x-instance: *//Ip')
    id=$(member_of batchId <"$answer.body")
    rm -f "$answer" "$answer.body"
    case $name in
        aggregator-1) other=aggregator-2 ;;
        aggregator-2) other=aggregator-1 ;;
        *) fail "no aggregator is called '$name'" ;;
    esac
    local times
    for times in 1 2 3; do
        is "who tells of the batch, asked $times times" "200 $name" "$(asked "$name" "$id")"
        is "who does not know it, asked $times times" "404 $other" "$(asked "$other" "$id")"
    done
    is "refused records of $name" "no record is kept aside" \
        "$(compose exec -T "$name" aggregator rejected list)"
}
# Asks NAME for the batch ID: the status, and who answered.
asked() {
    local answer
    answer=$(curl -sS -w '\n%{http_code}' -H "X-Instance: $1" "$(url)/logs/batches/$2")
    echo "$(tail -n 1 <<<"$answer") $(member_of instance <<<"$answer")"
}
member_of() { sed -nE "s/.*\"$1\":\"([^\"]*)\".*/\1/p"; }

total=0
begin
# shellcheck disable=SC2086 # Without it nothing is built.
quietly compose up ${BUILD---build} -d balancer
until_true 60 "the balancer to answer" curl -sf -o /dev/null "$(url)/ready"
passed "up: three members, two aggregators, one address"
check_names
passed "each aggregator tells of the batches that it took, and which one it is of others"
send_while 2000 kill_one_aggregator
passed "2000 logs through a killed aggregator: stored exactly, and read page by page from both"
send_while 3000 kill_the_primary
passed "3000 logs through a killed primary: stored exactly"
quietly compose stop
quietly compose up -d balancer
until_true 60 "$total logs after a stop and a start" all_are_stored
passed "all passed with ${compose[*]}"
