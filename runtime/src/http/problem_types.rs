use std::fmt;

use http::StatusCode;
use serde::{Serialize, Serializer};

/// What a problem of one kind looks like each time, and what it means.
#[derive(Debug)]
pub struct Described {
    /// The last part of the problem's `type`. Callers act on it: it never changes.
    pub kind: &'static str,
    /// Of the whole answer. For a fault among a request's `errors`, the answer's that lists it.
    pub status: StatusCode,
    pub title: &'static str,
    pub meaning: &'static str,
    pub remedy: &'static str,
}

/// Makes the enum and its table from the same rows, so that a kind without a description cannot be
/// named.
macro_rules! problem_types {
    ($($name:ident: $kind:literal, $status:ident, $title:literal, $meaning:literal, $remedy:literal;)*) => {
        /// Every kind of problem these APIs report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemType { $($name,)* }

        impl ProblemType {
            /// In the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn described(self) -> &'static Described {
                match self {
                    $(Self::$name => const {
                        &Described {
                            kind: $kind,
                            status: StatusCode::$status,
                            title: $title,
                            meaning: $meaning,
                            remedy: $remedy,
                        }
                    },)*
                }
            }
        }
    };
}

// One row a kind: its name in the code, its name in `type`, the status, the title, what it means,
// and what a caller can do. After a change: `UPDATE_DOCS=1 cargo test -p runtime`.
problem_types! {
    Unauthenticated: "unauthenticated", UNAUTHORIZED, "Who sends the request is not known.",
        "The path is not open to everyone, and the request carries no credentials.",
        "Send Authorization with one of the schemes that WWW-Authenticate names.";
    InvalidCredentials: "invalid-credentials", UNAUTHORIZED, "The credentials are not accepted.",
        "The token or the API key is malformed, expired, not known, or meant for another API.",
        "Get a new token, or check the key. Sending the same again will fail again.";
    InvalidSignature: "invalid-signature", UNAUTHORIZED, "The webhook is not signed by who may send it.",
        "webhook-id, webhook-timestamp and webhook-signature are not there, or no signature is one of this body with a secret that is known here.",
        "Sign the bytes that are sent, as Standard Webhooks says, with the secret both sides have.";
    StaleWebhook: "stale-webhook", UNAUTHORIZED, "The webhook is too old, or from the future.",
        "The signature is right, and webhook-timestamp is further from this side's clock than the detail allows.",
        "Sign each attempt anew, with the time of sending, and check the clock.";
    InsufficientScope: "insufficient-scope", FORBIDDEN, "The credentials do not allow this.",
        "The caller is known, and lacks the scope that the member requiredScope names.",
        "Use credentials that have the scope.";
    RouteNotFound: "route-not-found", NOT_FOUND, "There is nothing at this path.",
        "The path is not one this API serves.",
        "Check the path and the port: commands and queries are two APIs.";
    MethodNotAllowed: "method-not-allowed", METHOD_NOT_ALLOWED, "The path does not support this method.",
        "The path is served, and not with this method.",
        "See the Allow header for the methods it supports.";
    MalformedPath: "malformed-path", BAD_REQUEST, "The path cannot be read.",
        "What is percent-encoded in the path is not UTF-8.",
        "Encode the path's parts as UTF-8.";
    MalformedQuery: "malformed-query", BAD_REQUEST, "The query string cannot be read.",
        "The query string is not made of name=value pairs in percent-encoded UTF-8.",
        "Encode it anew.";
    ValidationFailed: "validation-failed", BAD_REQUEST, "The request is not valid.",
        "One or more rules are broken. The member errors lists each, with a JSON pointer or a parameter's name, and a type of its own.",
        "Mend all of them; each type has its own page.";
    DuplicateParameter: "duplicate-parameter", BAD_REQUEST, "A parameter stands twice.",
        "The query parameter may stand only once.",
        "Send it once.";
    UnknownParameter: "unknown-parameter", BAD_REQUEST, "A parameter is not known.",
        "This query has no parameter of that name.",
        "Check the spelling, or leave it out.";
    LimitOutOfRange: "limit-out-of-range", BAD_REQUEST, "The page size is out of range.",
        "limit is not a whole number in the range the detail names.",
        "Ask for fewer, and follow nextCursor.";
    InvalidTime: "invalid-time", BAD_REQUEST, "A time cannot be read.",
        "The value is no RFC 3339 time, such as 2026-11-21T10:00:00Z.",
        "Send the time with its offset; encode a + as %2B.";
    InvalidCursor: "invalid-cursor", BAD_REQUEST, "The cursor is not one of this API.",
        "The value was not given out as nextCursor by this list.",
        "Start again without a cursor.";
    UnknownStatus: "unknown-status", BAD_REQUEST, "There is no such status.",
        "The value is none of the statuses the detail names.",
        "Use one of them.";
    UnknownSource: "unknown-source", BAD_REQUEST, "There is no such source of dead letters.",
        "The value is none of the sources the detail names.",
        "Use one of them.";
    UnknownOwner: "unknown-owner", BAD_REQUEST, "Nobody of that name has a desk.",
        "The value is none of the names the detail lists.",
        "Use one of them.";
    UnknownReason: "unknown-reason", BAD_REQUEST, "There is no such reason of dead letters.",
        "The value is none of the reasons the detail names.",
        "Use one of them.";
    UnknownState: "unknown-state", BAD_REQUEST, "There is no such state of dead letters.",
        "The value is none of the states the detail names.",
        "Use one of them.";
    UnsupportedMediaType: "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON.",
        "The Content-Type is missing, or is not JSON.",
        "Send the body with Content-Type: application/json.";
    BodyTooLarge: "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large.",
        "The body has more bytes than the detail allows.",
        "Send less.";
    BodyTooSlow: "body-too-slow", REQUEST_TIMEOUT, "The body did not arrive in time.",
        "The body was not complete within the time the detail names. Nothing was changed.",
        "Send the request again.";
    BodyUnreadable: "body-unreadable", BAD_REQUEST, "The body could not be read.",
        "The connection ended, or the transfer was malformed, before the body was complete. Nothing was changed.",
        "Send the request again.";
    MalformedJson: "malformed-json", BAD_REQUEST, "The body is not JSON.",
        "The body breaks JSON's grammar; the detail says where.",
        "Mend the body.";
    MissingField: "missing-field", BAD_REQUEST, "A field is missing.",
        "The field must be there.",
        "Add it.";
    UnknownField: "unknown-field", BAD_REQUEST, "A field is not known.",
        "The object has no field of that name. A misspelt optional field would else go unnoticed.",
        "Check the spelling, or leave it out.";
    DuplicateField: "duplicate-field", BAD_REQUEST, "A field stands twice.",
        "The name stands more than once in its object, and parsers disagree on which counts.",
        "Send it once.";
    WrongType: "wrong-type", BAD_REQUEST, "A value is of the wrong type.",
        "The value is not of the JSON type the detail names.",
        "Send that type: amounts and quantities are numbers, ids are strings.";
    NotUnicode: "not-unicode", BAD_REQUEST, "A text is not Unicode.",
        "An escape such as \\ud800 stands for no character.",
        "Send Unicode text.";
    Blank: "blank", BAD_REQUEST, "A text is blank.",
        "The text is empty, or all white space.",
        "Fill it in.";
    TooLong: "too-long", BAD_REQUEST, "A text is too long.",
        "The text has more characters than the detail allows.",
        "Shorten it.";
    ControlCharacter: "control-character", BAD_REQUEST, "A text has a control character.",
        "Line ends, tabs and other control characters are not taken.",
        "Leave them out.";
    TooManyDecimalPlaces: "too-many-decimal-places", BAD_REQUEST, "An amount has too many decimal places.",
        "Amounts are exact, with up to two decimal places. None is rounded.",
        "Round it yourself.";
    NegativeAmount: "negative-amount", BAD_REQUEST, "An amount is negative.",
        "Amounts are zero or more.",
        "Send a positive amount.";
    AmountTooLarge: "amount-too-large", BAD_REQUEST, "An amount is too large.",
        "The amount is larger than the detail allows.",
        "Send a smaller one.";
    NoCurrencyCode: "no-currency-code", BAD_REQUEST, "The currency is no currency code.",
        "A currency is three capital letters, as in ISO 4217.",
        "Send a code such as EUR.";
    UnknownCurrency: "unknown-currency", BAD_REQUEST, "The currency is not supported.",
        "The code is well formed and not one that amounts with two decimal places can be in here.",
        "Use another currency.";
    QuantityOutOfRange: "quantity-out-of-range", BAD_REQUEST, "A quantity is out of range.",
        "The quantity is not in the range the detail names.",
        "Send a quantity in that range.";
    NoItems: "no-items", BAD_REQUEST, "There are no items.",
        "An order has at least one item.",
        "Add one.";
    TooManyItems: "too-many-items", BAD_REQUEST, "There are too many items.",
        "The list has more items than the detail allows.",
        "Add quantities up, or send several orders.";
    TotalBelowItems: "total-below-items", BAD_REQUEST, "The total is less than the items' sum.",
        "A total may exceed its items, by fees or a tip, and may not fall below them.",
        "Check prices, quantities and the total.";
    NoEmailAddress: "no-email-address", BAD_REQUEST, "The value is no mail address.",
        "It cannot be an address that mail is sent to.",
        "Send an address such as name@example.org, or leave the field out.";
    WrongLineTotal: "wrong-line-total", BAD_REQUEST, "A line's total is not what it adds up to.",
        "A line's total is its unit price times its quantity, exactly.",
        "Check price, quantity and total.";
    StockNotFound: "stock-not-found", NOT_FOUND, "Nobody has counted this item in this store.",
        "There is no stock of the item: none was ever counted there.",
        "Check the ids in the path, or count it.";
    BelowReserved: "below-reserved", CONFLICT, "Fewer pieces than are promised to orders.",
        "Orders have been promised pieces that this count would take away from them.",
        "Wait until those orders have ended, or count again.";
    MissingParameter: "missing-parameter", BAD_REQUEST, "A parameter is missing.",
        "The query does not work without the parameter.",
        "Add it.";
    UnknownSort: "unknown-sort", BAD_REQUEST, "There is no such order of the list.",
        "The value is none of the orders the detail names.",
        "Use one of them.";
    InvalidAmount: "invalid-amount", BAD_REQUEST, "An amount cannot be read.",
        "The value is no amount with up to two decimal places, such as 45.99.",
        "Mend it.";
    InvalidFlag: "invalid-flag", BAD_REQUEST, "A value is neither true nor false.",
        "The value is neither true nor false.",
        "Send one of the two, or leave it out.";
    InvalidDate: "invalid-date", BAD_REQUEST, "A date cannot be read.",
        "The value is no date such as 2026-11-21.",
        "Mend it.";
    InvalidVersion: "invalid-version", BAD_REQUEST, "A version cannot be read.",
        "A version is a whole number from 1.",
        "Send a version that a command was answered with.";
    RangeTooLong: "range-too-long", BAD_REQUEST, "The range is too long.",
        "The range has more days than the detail allows, or ends before it begins.",
        "Ask for fewer days at a time.";
    CursorOfAnotherQuery: "cursor-of-another-query", BAD_REQUEST, "The cursor is of another query.",
        "nextCursor was given out with other filters or another sort.",
        "Follow a cursor with the parameters it was given out for.";
    InvalidLastEventId: "invalid-last-event-id", BAD_REQUEST, "The stream has no such place.",
        "Last-Event-ID is not an id that this stream gave its events.",
        "Send the last id as it was received, or none to begin anew.";
    MalformedIfMatch: "malformed-if-match", BAD_REQUEST, "The If-Match header cannot be read.",
        "The header is not one ETag of an order, nor *.",
        "Send the ETag as it was given, such as \"3\".";
    MalformedIdempotencyKey: "malformed-idempotency-key", BAD_REQUEST, "The Idempotency-Key header cannot be read.",
        "The header is not one key of 1 to 255 visible ASCII characters, quoted or not.",
        "Send a UUID, for example.";
    IdempotencyKeyRequired: "idempotency-key-required", BAD_REQUEST, "A command needs an Idempotency-Key.",
        "Commands without a key could not be sent again safely, and are not taken here.",
        "Make a key for the command, and send the same one when you send the command again.";
    IdempotencyKeyReused: "idempotency-key-reused", UNPROCESSABLE_ENTITY, "This Idempotency-Key belongs to another request.",
        "Another path or body was sent with this key before. Nothing was changed.",
        "Make a new key for a new command.";
    RequestInProgress: "request-in-progress", CONFLICT, "A request with this Idempotency-Key is being carried out.",
        "It has not been answered yet.",
        "Send the same request again after Retry-After to get its answer.";
    ForbiddenCustomer: "forbidden-customer", FORBIDDEN, "This belongs to another customer.",
        "The caller is bound to a customer, and may see and order only what is this customer's.",
        "Ask for what is the caller's own, or use credentials that are not bound.";
    OrderNotFound: "order-not-found", NOT_FOUND, "There is no such order.",
        "No order has this id, or it is not the caller's to see. On the query side it may also not have arrived yet.",
        "Check the id. Right after a command, ask for the version that it answered with.";
    InvalidTransition: "invalid-transition", CONFLICT, "The order's status does not allow this.",
        "The order cannot go from the status in the member from to the one in to.",
        "Read the order. The command will not succeed while it is in this status.";
    VersionMismatch: "version-mismatch", PRECONDITION_FAILED, "The order has moved on.",
        "The order is not at the version that If-Match names. Nothing was changed.",
        "Read the order at currentVersion, and decide again.";
    Contended: "contended", CONFLICT, "Too many commands reached this order at once.",
        "Other commands were faster each time. Nothing was changed.",
        "Send the command again after Retry-After.";
    OutcomeUnknown: "outcome-unknown", SERVICE_UNAVAILABLE, "Whether it took effect is not known.",
        "The time to answer was over while the command was under way.",
        "Send it again with the same Idempotency-Key to learn what it came to; without one, read the order, or the dead letter, first.";
    Overloaded: "overloaded", SERVICE_UNAVAILABLE, "Too many requests are waiting.",
        "More wait than can be taken on. Nothing was changed.",
        "Send the request again after Retry-After.";
    QuotaExceeded: "quota-exceeded", TOO_MANY_REQUESTS, "You have sent too many requests.",
        "The caller has used up its burst, and its long-run rate. Nothing was changed. The headers RateLimit and RateLimit-Policy tell the quota.",
        "Send the request again after Retry-After.";
    TimedOut: "timed-out", SERVICE_UNAVAILABLE, "The answer was not ready in time.",
        "What was asked for may still be carried out.",
        "Send the request again after Retry-After.";
    CustomerNotFound: "customer-not-found", NOT_FOUND, "There is no order of this customer.",
        "The read model has no order of a customer of this id; one may still be on its way.",
        "Check the id.";
    SagaNotFound: "saga-not-found", NOT_FOUND, "There is no saga of this order.",
        "Nothing was seen of a saga of an order of this id, or it is not the caller's to see. Orders that are confirmed by hand have none.",
        "Check the id. Right after the order was placed, ask again.";
    VersionNotReached: "version-not-reached", SERVICE_UNAVAILABLE, "The read model has not come to this version yet.",
        "The order is at the version in the member version, or not there yet where that is 0.",
        "Ask again after Retry-After, or with Prefer: wait.";
    TooManyWaiting: "too-many-waiting", SERVICE_UNAVAILABLE, "Too many requests wait for a version.",
        "As many requests wait as may.",
        "Ask again without Prefer: wait, or later.";
    TooManyStreams: "too-many-streams", SERVICE_UNAVAILABLE, "Too many event streams are open.",
        "As many streams are open as may be.",
        "Come again later, or read /api/events.";
    NotProjected: "not-projected", SERVICE_UNAVAILABLE, "The read model does not have this yet.",
        "The generation that answers was filled by an older release.",
        "Have an operator rebuild the projection.";
    HeldBack: "held-back", SERVICE_UNAVAILABLE, "The order cannot be shown yet.",
        "The order exists. Its events wait until the dead letter in deadLetterId is resolved.",
        "Have an operator look at that dead letter.";
    DeskNotFound: "desk-not-found", NOT_FOUND, "This participant has no desk here.",
        "No sagas are carried out over this database: the participant's schema is not there.",
        "Look at the desk of the orders, or migrate with sagas.";
    DeadLetterNotFound: "dead-letter-not-found", NOT_FOUND, "There is no such dead letter.",
        "No dead letter has this id; settled ones are removed after a time.",
        "Check the id.";
    DeadLetterSettled: "dead-letter-settled", CONFLICT, "Nothing is left to be done about this dead letter.",
        "It was discarded, or resolved, before.",
        "Nothing.";
    NotTheCaller: "not-the-caller", BAD_REQUEST, "Somebody else is named as the one who acts.",
        "Callers are asked who they are, and by is not this caller's name.",
        "Leave it out.";
    StoredEvent: "stored-event", CONFLICT, "A stored event cannot be discarded.",
        "The record is an event of the store, and the store is the truth.",
        "Mend the code or the upcaster that cannot apply it, and requeue the item.";
    Unavailable: "unavailable", SERVICE_UNAVAILABLE, "The service is not available right now.",
        "Something this API depends on does not answer. Nothing was changed.",
        "Send the request again after Retry-After.";
    InternalError: "internal-error", INTERNAL_SERVER_ERROR, "Something went wrong on this side.",
        "A fault of this API. It has been logged under the request id of the answer.",
        "Tell the operators the x-request-id.";
}

impl ProblemType {
    /// The kind of this name.
    pub fn named(kind: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|each| each.described().kind == kind)
    }
}

/// As in the member `type`.
impl fmt::Display for ProblemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/problems/{}", self.described().kind)
    }
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
