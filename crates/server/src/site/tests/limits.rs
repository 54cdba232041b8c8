//! How often one address may open the links of mails.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use super::*;
use crate::limits::{Limits, Rates};
use crate::listen::Peer;
use crate::site::Desk;
use crate::testing::Installed;

#[tokio::test]
async fn who_opens_links_of_mails_too_often_is_told_how_long_to_wait() {
    let world = Installed::new().await;
    let two = NonZeroU32::new(2).unwrap();
    let limits = Arc::new(Limits::new(Rates { per_address: two, per_user_id: two }));
    let desk = Desk { registrar: world.registrar.clone(), limits };
    let services = vec![sample(Path::new("/nonexistent/downloads"))];
    let site = super::super::router(services, some_links(), Some(desk));
    let open = async |from: u8, method: Method| {
        let peer = Peer(SocketAddr::from((Ipv4Addr::new(192, 0, 2, from), 1)));
        let request = Request::builder()
            .method(method)
            .uri(format!("{HOME}email/{}", "A".repeat(43)))
            .header("host", "cert.example.jp")
            .header("accept-language", "ja")
            .extension(peer);
        let request = request.body(Body::empty()).unwrap();
        let (parts, body) = site.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    };
    for method in [Method::GET, Method::POST] {
        assert_eq!(open(1, method).await.status, StatusCode::GONE, "no such link");
    }
    for method in [Method::GET, Method::POST] {
        let limited = open(1, method).await;
        assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = limited.header("retry-after").parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
        assert!(limited.text().contains("短い時間に"), "{}", limited.text());
    }
    assert_eq!(open(2, Method::GET).await.status, StatusCode::GONE);
}
