use domain::notification::Recipient;

use super::text;
use super::wording::Wording;

/// The part for those who read no HTML.
pub(super) fn body(wording: &Wording, recipient: &Recipient) -> String {
    let currency = &recipient.currency;
    let mut body = format!("{}\n\n{}\n", wording.headline, wording.opening);
    if let Some(reason) = &wording.reason {
        body.push_str(&format!("\n{reason}\n"));
    }
    body.push('\n');
    for line in &recipient.items {
        body.push_str(&format!(
            "{} x {}, {} {currency} each: {} {currency}\n",
            line.quantity.get(),
            text::line(line.name.as_str()),
            line.price,
            line.total(),
        ));
    }
    body.push_str(&format!("\nTotal: {} {currency}\n", recipient.total_amount));
    body
}
