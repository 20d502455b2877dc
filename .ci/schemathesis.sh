#!/usr/bin/env bash
# Attacks both APIs with what their own OpenAPI documents allow, and forbid, for about two minutes.
# Arguments go to schemathesis and come last, such as --seed 7 or --max-time 600.
set -euo pipefail
cd "$(dirname "$0")/.."

# With all that it stands on: another Hypothesis makes another attack of the same seed.
packages=$PWD/.ci/schemathesis.txt
tools="${XDG_CACHE_HOME:-$HOME/.cache}/orders-devstack/schemathesis-$(cksum <"$packages" | cut -d ' ' -f 1)"
if ! "$tools/bin/schemathesis" --version >/dev/null 2>&1; then
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$packages"
fi

cargo build --locked --quiet
orders=$PWD/target/debug/orders
if [ -n "${CARGO_TARGET_DIR:-}" ]; then orders=$CARGO_TARGET_DIR/debug/orders; fi
work=$(mktemp -d)
cp .ci/schemathesis.toml .ci/schemathesis_hooks.py "$work"
backend=
finish() {
    [ -z "$backend" ] || kill "$backend" 2>/dev/null || true
    wait || true
    "$orders" dev stop --folder "$work/servers" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
commands=$(free_port) queries=$(free_port)
INVENTORY_PORT=$(free_port) PAYMENT_PORT=$(free_port) PAYMENT_SIMULATOR_PORT=$(free_port) \
    "$orders" dev --detach --folder "$work/servers" --command-port "$commands" --query-port "$queries" >"$work/dev.log" 2>&1 ||
    { cat "$work/dev.log"; exit 1; }
eval "$("$orders" dev env --folder "$work/servers")"
COMMAND_LISTEN=127.0.0.1:$commands QUERY_LISTEN=127.0.0.1:$queries RUST_LOG=warn \
    "$orders" all 2>"$work/backend.log" &
backend=$!
for port in "$commands" "$queries"; do
    curl -sf --retry 120 --retry-delay 1 --retry-all-errors --max-time 5 \
        "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 ||
        { echo "nothing is ready on port $port"; tail -50 "$work/backend.log"; exit 1; }
done
"$orders" load --orders 100 --commands "http://127.0.0.1:$commands" --queries "http://127.0.0.1:$queries" >/dev/null

# Something to be done at the desk: what is no event, under keys of their own.
printf 'junk-%s\tno JSON\n' $(seq 50) | "$orders" dev produce --folder "$work/servers" >/dev/null
desk="http://127.0.0.1:$commands/api/dead-letters?order=junk-50"
for _ in $(seq 120); do
    found=$(curl -s "$desk")
    [[ $found != *'"id"'* ]] || break
    sleep 1
done
[[ $found == *'"id"'* ]] || { echo "no dead letter came of what is no event"; exit 1; }

attack() {
    printf '\n-- %s\n' "$1"
    # It keeps files of its own where it runs. One worker: Python 3.11 fails where two threads parse
    # Python at once, and what a seed leads to would depend on which is faster.
    (
        cd "$work"
        "$tools/bin/schemathesis" run "http://127.0.0.1:$2/openapi.json" --checks all --workers 1 \
            --seed 1 --request-timeout 60 --max-time 45 "${@:3}"
    ) || { tail -50 "$work/backend.log"; exit 1; }
}
# Apart from the desk: beside it the generator takes creating orders for a thing that cannot succeed,
# since nothing makes the customers that an order names, and begins no story with it.
attack "command-api, orders" "$commands" --include-path-regex '^/api/orders' "$@"
attack "command-api, dead letters" "$commands" --include-path-regex '^/api/dead-letters' "$@"
attack "query-api" "$queries" "$@"
# But for those that were meant to be.
if errors=$(grep -w ERROR "$work/backend.log" | grep -v '"order_id":"junk-'); then
    printf '\nThe backend logged errors:\n%s\n' "$errors"
    exit 1
fi
