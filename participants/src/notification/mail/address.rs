use domain::EmailAddress;
use lettre::Address;

use super::ComposeError;

/// With the host's name as the mail servers know it: in ASCII.
pub(super) fn of(email: &EmailAddress) -> Result<Address, ComposeError> {
    let none = || ComposeError::Address(email.as_str().to_owned());
    let (user, host) = email.as_str().rsplit_once('@').ok_or_else(none)?;
    let ascii = if host.is_ascii() {
        host.to_owned()
    } else {
        idna::domain_to_ascii(host).map_err(|_| none())?
    };
    Address::new(user, ascii).map_err(|_| none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(email: &str) -> Result<String, ComposeError> {
        of(&EmailAddress::new(email).unwrap()).map(|address| address.to_string())
    }

    #[test]
    fn hosts_are_named_in_ascii() {
        assert_eq!(
            sent_to("ada@bücher.example").unwrap(),
            "ada@xn--bcher-kva.example"
        );
        assert_eq!(sent_to("jürgen@example.org").unwrap(), "jürgen@example.org");
        assert_eq!(sent_to("a+b@[127.0.0.1]").unwrap(), "a+b@[127.0.0.1]");
    }

    #[test]
    fn what_is_no_address_is_said() {
        for email in ["a..b@example.org", "a@example..org", "a(b)@example.org"] {
            let refused = Err(ComposeError::Address(email.to_owned()));
            assert_eq!(sent_to(email), refused);
        }
    }
}
