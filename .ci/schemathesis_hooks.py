"""Puts right, in requests that are meant to be valid, what a JSON Schema cannot say."""

import uuid
from decimal import ROUND_DOWN, Decimal

import schemathesis
from schemathesis.generation.meta import TestPhase


def cents(amount):
    """Amounts have at most two decimal places. `multipleOf: 0.01` would be checked in binary."""
    return float(Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_DOWN))


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    headers = case.headers or {}
    for name in list(headers):
        # Two requests that differ must not have one key: that is answered 422.
        if name.lower() == "idempotency-key":
            headers[name] = str(uuid.uuid4())
        # The generator loses the quotes that an ETag has.
        if name.lower() == "if-match" and headers[name].isdigit():
            headers[name] = f'"{headers[name]}"'
    # A cursor is not invented: it is followed as it was given out.
    query = case.query or {}
    query.pop("cursor", None)
    # Of an order that is not there no version is reached: 503, since it may be on its way.
    query.pop("minVersion", None)
    # Where links are followed, the list must have something in it.
    # And an item is at the desk where it was found.
    if case.operation.path.startswith("/api/dead-letters") and meta.phase.name == TestPhase.STATEFUL:
        query.clear()
    # At least one of three filters must stand.
    if case.operation.path == "/api/events" and not query.keys() & {"orderId", "correlationId", "type"}:
        query["orderId"] = "0193b0a0-0000-7000-8000-000000000001"
    # At most 366 days, and in order.
    if case.operation.path.endswith("/days"):
        query["from"], query["to"] = "2026-11-01", "2026-11-30"
    case.query = query
    body = case.body
    if case.operation.path == "/api/orders" and isinstance(body, dict):
        items = body.get("items", [])
        for item in items:
            # So that no sum of 200 items exceeds the largest total.
            item["price"] = cents(item["price"] % 100_000)
            # To a JSON Schema 1.0 is an integer.
            item["quantity"] = int(item["quantity"])
        worth = sum(Decimal(repr(i["price"])) * i["quantity"] for i in items)
        # A total is never less than its items.
        body["totalAmount"] = float(max(Decimal(repr(cents(body["totalAmount"]))), worth))
    # The same of an order for a saga, whose lines have totals of their own.
    if case.operation.path == "/api/orders/choreographed-saga" and isinstance(body, dict):
        items = body.get("items", [])
        worth = Decimal(0)
        for item in items:
            item["unitPrice"] = cents(item["unitPrice"] % 100_000)
            item["quantity"] = int(item["quantity"])
            total = Decimal(repr(item["unitPrice"])) * item["quantity"]
            item["totalPrice"] = float(total)
            worth += total
        body["totalAmount"] = float(max(Decimal(repr(cents(body["totalAmount"]))), worth))
        # JSON Schema knows no mail addresses.
        if "customerEmail" in body:
            body["customerEmail"] = "name@example.org"
