//! What the mails say.

use domain::notification::{NotificationKind, message_id};

use crate::fixture::{caught, line, recipient};

use NotificationKind::{Cancelled, Confirmed, Failed};

#[tokio::test]
async fn a_confirmation_has_the_orders_own_numbers() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    // As floats, these would be 0.30000000000000004 and 999999999999.98999.
    let items = vec![
        line("item-1", "Pizza", "0.10", 3),
        line("item-2", "Dom Pérignon", "999999999999.99", 10_000),
    ];
    let to = recipient("ada@example.org", "1000000000000", items);
    let mail = caught(&catcher, "order-1", Confirmed, &to, None).await;

    let id = message_id("order-1", Confirmed, "orders.example");
    assert_eq!(format!("<{}>", mail.message_id), id);
    assert_eq!(mail.subject, "Your order order-1 is confirmed");
    assert_eq!(mail.from, ["orders@orders.example"]);
    assert_eq!(mail.to, ["ada@example.org"]);
    assert_eq!(
        mail.text,
        "Your order order-1 is confirmed\n\n\
         Thank you for your order. It is confirmed, with everything listed here.\n\n\
         3 x Pizza, 0.10 USD each: 0.30 USD\n\
         10000 x Dom Pérignon, 999999999999.99 USD each: 9999999999999900.00 USD\n\n\
         Total: 1000000000000.00 USD\n"
    );
    for cell in [
        "<bdi>Pizza</bdi>",
        "<bdi>Dom Pérignon</bdi>",
        ">10000</td>",
        ">0.10 USD</td>",
        ">0.30 USD</td>",
        ">999999999999.99 USD</td>",
        ">9999999999999900.00 USD</td>",
        ">1000000000000.00 USD</th>",
    ] {
        assert!(mail.html.contains(cell), "{cell}: {}", mail.html);
    }

    let (head, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    for header in [
        "Return-Path: <orders@orders.example>",
        "Delivered-To: ada@example.org",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "From: =?utf-8?Q?K=C3=B6chin?= <orders@orders.example>",
    ] {
        assert!(head.lines().any(|line| line == header), "{header}: {head}");
    }
    assert!(mail.raw.is_ascii());
    assert!(
        mail.raw
            .contains("Content-Type: text/plain; charset=\"utf-8\"")
    );
    assert!(
        mail.raw
            .contains("Content-Type: text/html; charset=\"utf-8\"")
    );
}

#[tokio::test]
async fn bad_news_say_why_in_the_customers_words() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let items = vec![
        line("item-1", "Süßes <b>", "149.99", 2),
        line("item-2", "Salt", "0.01", 1),
    ];
    let to = recipient("ada@example.org", "299.99", items);
    for (order, kind, reason, subject, plain, html) in [
        (
            "order-2",
            Cancelled,
            "changed my mind & <left>",
            "Your order order-2 was cancelled",
            "Reason: changed my mind & <left>",
            "Reason: changed my mind &amp; &lt;left&gt;",
        ),
        (
            "order-3",
            Cancelled,
            "not finished in time",
            "Your order order-3 was cancelled",
            "The order took longer than it may.",
            "The order took longer than it may.",
        ),
        (
            "order-4",
            Failed,
            "not enough in stock: item-1",
            "Your order order-4 could not be completed",
            "There was not enough in stock of: Süßes <b>.",
            "There was not enough in stock of: Süßes &lt;b&gt;.",
        ),
    ] {
        let mail = caught(&catcher, order, kind, &to, Some(reason)).await;
        assert_eq!(mail.subject, subject);
        assert!(mail.text.contains(&format!("\n{plain}\n")), "{}", mail.text);
        let in_html = format!("<p><bdi>{html}</bdi></p>");
        assert!(mail.html.contains(&in_html), "{}", mail.html);
        assert!(mail.text.contains("You pay nothing for it"));
        assert!(
            mail.text.ends_with("\nTotal: 299.99 USD\n"),
            "{}",
            mail.text
        );
    }
}

#[tokio::test]
async fn nothing_a_customer_writes_becomes_anything_else() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let id = message_id("order-5", Cancelled, "orders.example");
    let boundary = format!("--=_{}", id[1..].split('@').next().unwrap());
    let names = [
        "<script>alert(\"1\")</script>",
        ".",
        "\u{202e}99.0 DSU\u{2028}Total: 0.01 USD",
        "From me",
        &boundary,
        "=3D=\u{1f355} größer",
    ];
    let items = names.iter().map(|name| line("item", name, "1.00", 1));
    let to = recipient("o'neil+tag@bücher.example", "6", items.collect());
    let reason = format!("{}{boundary}--", "x".repeat(60));
    let mail = caught(&catcher, "order-5", Cancelled, &to, Some(&reason)).await;

    assert_eq!(mail.to, ["o'neil+tag@xn--bcher-kva.example"]);
    assert!(!mail.html.contains("<script"), "{}", mail.html);
    let escaped = "<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</bdi>";
    assert!(mail.html.contains(escaped), "{}", mail.html);
    let lines: Vec<_> = mail
        .text
        .lines()
        .filter(|l| l.starts_with("1 x "))
        .collect();
    assert_eq!(lines.len(), names.len(), "{}", mail.text);
    for name in [names[0], names[1], names[3], names[4], names[5]] {
        let line = format!("1 x {name}, 1.00 USD each: 1.00 USD");
        assert!(lines.contains(&line.as_str()), "{line}: {lines:?}");
    }
    assert_eq!(
        lines[2],
        "1 x  99.0 DSU Total: 0.01 USD, 1.00 USD each: 1.00 USD"
    );
    assert!(
        mail.text.contains(&format!("\nReason: {reason}\n")),
        "{}",
        mail.text
    );
    // Two parts and an end, as if nobody had tried to make another.
    assert_eq!(mail.raw.matches(&boundary).count(), 3, "{}", mail.raw);
}

#[tokio::test]
async fn an_order_id_cannot_write_headers() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let to = recipient("ada@example.org", "1", Vec::new());
    let order = "order-6\r\nBcc: eve@example.org\r\n\r\nöde";
    let mail = caught(&catcher, order, Confirmed, &to, None).await;
    assert_eq!(mail.to, ["ada@example.org"]);
    let words: Vec<_> = mail.subject.split_whitespace().collect();
    let subject = "Your order order-6 Bcc: eve@example.org öde is confirmed";
    assert_eq!(words.join(" "), subject);
    assert!(
        !mail.raw.lines().any(|line| line.starts_with("Bcc")),
        "{}",
        mail.raw
    );
}
