#!/usr/bin/env bash
# Shows on a running `orders dev` what the APIs promise, with curl: a command that is sent again, one
# that comes too late, a read that waits, pages, and a stream that goes on where it was cut off. Ends
# with status 1 at the first answer that is not the expected one.
set -euo pipefail

commands=${COMMANDS:-http://localhost:8084}
queries=${QUERIES:-http://localhost:8085}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n## %s\n' "$*"; }

# Sends a request; shows it, and the answer's head and the beginning of its body.
call() {
    printf '\n> curl'
    printf ' %q' "$@"
    printf '\n'
    curl -sS --max-time 60 -D "$work/head" -o "$work/body" "$@"
    tr -d '\r' <"$work/head" | sed '/^$/d; s/^/< /'
    printf '%s\n' "$(head -c 300 "$work/body")"
}

header() { tr -d '\r' <"$work/head" | grep -i "^$1: " | cut -d ' ' -f 2-; }
member() { grep -o "\"$1\":\"[^\"]*\"" "$work/body" | head -1 | cut -d '"' -f 4; }
orders() { grep -o '"orderId"' "$work/body" | wc -l | tr -d ' '; }

# What it is, what it should be, what it is about.
expect() {
    [ "$1" = "$2" ] && return
    printf '\n!! %s: expected %s, found %s\n' "$3" "$2" "$1"
    exit 1
}
status() { expect "$(head -1 "$work/head" | cut -d ' ' -f 2)" "$1" "the status"; }
problem() { grep -q "\"type\":\"/problems/$1\"" "$work/body" || expect "another one" "$1" "the problem"; }

json='Content-Type: application/json'
# Nobody else's, so that the list below is known.
customer=customer-$(date +%s)-$$
order() {
    printf '{"customerId":"%s","restaurantId":"restaurant-456","totalAmount":%s,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}' \
        "$customer" "$1"
}

say "A command that is sent again gets the first answer"
key="Idempotency-Key: $customer"
call "$commands/api/orders" -H "$json" -H "$key" -d "$(order 45.99)"
status 201
id=$(member orderId)
cp "$work/body" "$work/first"
call "$commands/api/orders" -H "$json" -H "$key" -d "$(order 45.99)"
status 201
expect "$(header idempotency-replayed)" true "idempotency-replayed"
expect "$(cat "$work/body")" "$(cat "$work/first")" "the body"
call "$commands/api/orders" -H "$json" -H "$key" -d "$(order 50)"
status 422
problem idempotency-key-reused

say "A command decided on an order that has moved on is not carried out"
call "$commands/api/orders/$id/confirm" -H "$json" -H 'If-Match: "1"' -d '{"paymentId":"payment-1"}'
status 200
expect "$(header etag)" '"2"' "the ETag"
call "$commands/api/orders/$id/cancel" -H "$json" -H 'If-Match: "1"' -d '{"reason":"late"}'
status 412
problem version-mismatch

say "A read waits for what was just written"
call "$queries/api/orders/$id?minVersion=2" -H 'Prefer: wait=30'
status 200
expect "$(header preference-applied)" wait=30 "Preference-Applied"
expect "$(header etag)" '"2"' "the ETag"
expect "$(member status)" CONFIRMED "the order's status"
call "$queries/api/orders/$id?minVersion=3" -H 'Prefer: wait=1'
status 503
problem version-not-reached

say "A list comes in pages"
for total in 46 47; do
    call "$commands/api/orders" -H "$json" -d "$(order "$total")"
    status 201
    call "$queries/api/orders/$(member orderId)?minVersion=1" -H 'Prefer: wait=30'
    status 200
done
list="$queries/api/orders?customerId=$customer"
call "$list&limit=2"
status 200
expect "$(orders)" 2 "the orders on the first page"
cursor=$(member nextCursor)
call "$list&limit=2&cursor=$cursor"
status 200
expect "$(orders)" 1 "the orders on the last page"
expect "$(member orderId)" "$id" "the oldest order"
expect "$(member nextCursor || true)" "" "nextCursor on the last page"
call "$list&status=PENDING&cursor=$cursor"
status 400
problem cursor-of-another-query

say "A stream goes on behind the last event that was received"
# Shows the stream's next event, and notes its id.
event() {
    printf '\n> curl -N'
    printf ' %q' "$@"
    printf '\n'
    exec {lines}< <(exec curl -sSiN --max-time 60 "$@")
    local curl=$!
    event_id=
    while [ -z "$event_id" ] && IFS= read -r -t 60 -u "$lines" line; do
        line=${line%$'\r'}
        printf '< %s\n' "${line:0:200}"
        case $line in id:*) event_id=${line#id: } ;; esac
    done
    kill "$curl" 2>/dev/null || true
    exec {lines}<&-
}
event "$queries/api/orders/$id/events"
expect "$event_id" 1 "the first event's id"
event "$queries/api/orders/$id/events" -H 'Last-Event-ID: 1'
expect "$event_id" 2 "the next event's id"

say "Everything was answered as expected"
