use domain::notification::Recipient;

use super::text;
use super::wording::Wording;

const STYLE: &str = "font-family:sans-serif;font-size:15px;color:#222";
const CELL: &str = "padding:4px 16px 4px 0;text-align:left";
const AMOUNT: &str = "padding:4px 0 4px 16px;text-align:right;white-space:nowrap";

/// Styles stand where they apply, as mail programs drop sheets; nothing is loaded from anywhere.
/// What customers wrote stands in `bdi`: its direction does not turn that of the prices.
pub(super) fn body(wording: &Wording, recipient: &Recipient) -> String {
    let headline = text::html(&wording.headline);
    let currency = text::html(recipient.currency.as_str());
    let mut body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{headline}</title></head>\n\
         <body style=\"{STYLE}\">\n<h1 style=\"font-size:20px\"><bdi>{headline}</bdi></h1>\n\
         <p>{}</p>\n",
        text::html(wording.opening),
    );
    if let Some(reason) = &wording.reason {
        body.push_str(&format!("<p><bdi>{}</bdi></p>\n", text::html(reason)));
    }
    body.push_str(&format!(
        "<table>\n<tr><th style=\"{CELL}\">Item</th><th style=\"{AMOUNT}\">Quantity</th>\
         <th style=\"{AMOUNT}\">Price</th><th style=\"{AMOUNT}\">Amount</th></tr>\n"
    ));
    for line in &recipient.items {
        body.push_str(&format!(
            "<tr><td style=\"{CELL}\"><bdi>{}</bdi></td><td style=\"{AMOUNT}\">{}</td>\
             <td style=\"{AMOUNT}\">{} {currency}</td><td style=\"{AMOUNT}\">{} {currency}</td></tr>\n",
            text::html(line.name.as_str()),
            line.quantity.get(),
            line.price,
            line.total(),
        ));
    }
    body.push_str(&format!(
        "<tr><th style=\"{CELL}\" colspan=\"3\">Total</th><th style=\"{AMOUNT}\">{} {currency}</th></tr>\n\
         </table>\n</body>\n</html>\n",
        recipient.total_amount,
    ));
    body
}
