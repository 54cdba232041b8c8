use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Beginnings of header names that only a gateway may set. What follows is anyone's guess of
/// what a server behind may read, so the whole family goes.
const GATEWAY_ONLY: [&[u8]; 16] = [
    b"client-cert",
    b"x-client-",
    b"x-tegata-",
    b"x-ssl-",
    b"ssl-client-",
    b"forwarded",
    b"x-forwarded-",
    b"x-real-ip",
    // Who came, in the words of other proxies.
    b"remote-user",
    b"x-remote-user",
    b"x-arr-clientcert",
    b"x-amzn-mtls-",
    b"true-client-ip",
    // Another path than the one that was judged.
    b"x-original-",
    b"x-rewrite-",
    b"x-http-method",
];

/// Headers that concern one connection only (RFC 9110 §7.6.1), apart from those that
/// `Connection` names; `expect` is answered here already.
static HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Takes away what a client may not say to the protected service.
pub(crate) fn strip_request(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    let forged: Vec<_> = headers.keys().filter(|name| is_gateway_only(name)).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

/// Takes away what concerned only the connection to the protected service.
pub(crate) fn strip_answer(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
}

/// Joins the `Cookie` fields into which HTTP/2 may cut one (RFC 9113 §8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(header::COOKIE).iter();
    if cookies.next().is_none() || cookies.next().is_none() {
        return;
    }
    let crumbs: Vec<_> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    match HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        Ok(joined) => headers.insert(header::COOKIE, joined),
        Err(_) => headers.remove(header::COOKIE),
    };
}

/// Whether the client asks for a WebSocket (RFC 6455 §4.1). No other protocol is passed on:
/// `h2c` through a proxy would carry requests that it never sees.
pub(crate) fn wants_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"websocket"));
    upgrade && connection_options(headers).any(|option| option.eq_ignore_ascii_case(b"upgrade"))
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<_> = connection_options(headers)
            .filter_map(|option| HeaderName::from_bytes(option).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .map(<[u8]>::trim_ascii)
}

/// Compares as CGI-like servers do, which turn every sign that is not alphanumeric into one.
fn is_gateway_only(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    GATEWAY_ONLY.iter().any(|beginning| {
        name.len() >= beginning.len()
            && name.iter().zip(*beginning).all(|(seen, wanted)| fold(*seen) == *wanted)
    })
}

fn fold(octet: u8) -> u8 {
    if octet.is_ascii_alphanumeric() { octet.to_ascii_lowercase() } else { b'-' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
            })
            .collect()
    }

    #[test]
    fn forged_headers_go_in_every_spelling() {
        for name in [
            "Client-Cert",
            "client_cert",
            "CLIENT-CERT-CHAIN",
            "Client_Cert-Chain",
            "client.cert",
            "X-Client-Cert",
            "X_Client_DN",
            "x-client_verify",
            "X-Tegata-User",
            "x_tegata_user",
            "X-SSL-Client-CN",
            "X_SSL_CLIENT_S_DN",
            "SSL-Client-Cert",
            "SSL_CLIENT_VERIFY",
            "Forwarded",
            "X-Forwarded-For",
            "X_Forwarded_For",
            "x-forwarded_proto",
            "X-Forwarded-Host",
            "X-Real-IP",
            "x_real_ip",
        ] {
            let mut headers = map(&[(name, "forged"), ("accept", "*/*")]);
            strip_request(&mut headers);
            assert_eq!(headers, map(&[("accept", "*/*")]), "{name}");
        }
    }

    #[test]
    fn honest_headers_stay() {
        let honest = map(&[
            ("client", "a"),
            ("client-id", "a"),
            ("x-client", "a"),
            ("x-request-id", "a"),
            ("ssl", "a"),
            ("forward", "a"),
            ("cookie", "a=b"),
        ]);
        let mut headers = honest.clone();
        strip_request(&mut headers);
        assert_eq!(headers, honest);
    }

    #[test]
    fn headers_named_by_connection_go_too() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Secret ,x-other"),
            ("connection", "third"),
            ("x-secret", "1"),
            ("x-other", "2"),
            ("third", "3"),
            ("keep-alive", "4"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ]);
        strip_request(&mut headers);
        assert_eq!(headers, map(&[("accept", "*/*")]));
    }

    #[test]
    fn cookies_are_joined() {
        let mut headers = map(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")]);
        join_cookies(&mut headers);
        assert_eq!(headers, map(&[("cookie", "a=1; b=2; c=3")]));
    }

    #[test]
    fn only_websockets_are_upgraded() {
        for (upgrade, connection, wanted) in [
            ("websocket", "Upgrade", true),
            ("WebSocket", "keep-alive, upgrade", true),
            ("h2c", "Upgrade, HTTP2-Settings", false),
            ("websocket", "close", false),
        ] {
            let headers = map(&[("upgrade", upgrade), ("connection", connection)]);
            assert_eq!(wants_websocket(&headers), wanted, "{upgrade}");
        }
    }
}
