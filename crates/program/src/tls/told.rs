//! A failure of TLS in words that say what to do.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};
use std::error::Error as Reason;
use std::io;

/// What is said of a failure that TLS is the reason of; `None` for any other.
pub fn told(error: &(dyn Reason + 'static)) -> Option<String> {
    let mut reason = Some(error);
    while let Some(one) = reason {
        if let Some(error) = of_tls(one) {
            return Some(sentence(error));
        }
        reason = one.source();
    }
    None
}

/// An error of the system's kind hides what it is made of.
fn of_tls<'a>(error: &'a (dyn Reason + 'static)) -> Option<&'a Error> {
    let within = || of_tls(error.downcast_ref::<io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(within)
}

fn sentence(error: &Error) -> String {
    const NOT_TLS: &str = "what answers there does not speak TLS: is it http://?";
    match error {
        Error::InvalidCertificate(reason) => {
            format!(
                "its certificate cannot be trusted: {}",
                of_certificate(reason)
            )
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => NOT_TLS.to_owned(),
        Error::AlertReceived(alert) => of_alert(*alert),
        other => other.to_string(),
    }
}

fn of_certificate(reason: &CertificateError) -> String {
    const UNKNOWN: &str =
        "nobody vouches for it whom this machine knows; --ca FILE names whom to believe";
    match reason {
        // Two authorities may have one name, as two tries of one person have.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => UNKNOWN.to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is made out to another name than the one in the address".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its time is over".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its time has not come yet".to_owned()
        }
        CertificateError::Other(OtherError(other)) => {
            // As `openssl req -x509` makes it unless it is told otherwise.
            match other.to_string().contains("CaUsedAsEndEntity") {
                true => "it is one of a CA (basicConstraints CA:TRUE), which no service may show"
                    .to_owned(),
                false => other.to_string(),
            }
        }
        other => other.to_string(),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "it asks for a client certificate: --client-cert and --client-key name one".to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::DecryptError => {
            format!("it refuses the certificate of --client-cert: {alert:?}")
        }
        other => format!("it refuses to speak TLS: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_tls_is_told_wherever_it_lies_and_no_other_is() {
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let within = io::Error::new(io::ErrorKind::InvalidData, unknown.clone());
        let twice = io::Error::other(within);
        for error in [&unknown as &(dyn Reason + 'static), &twice] {
            let told = told(error).unwrap_or_default();
            assert!(told.contains("--ca FILE"), "{told}");
        }
        assert_eq!(told(&io::Error::from(io::ErrorKind::NotFound)), None);
    }
}
