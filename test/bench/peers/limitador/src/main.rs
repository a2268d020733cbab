//! The limitador crate behind a Check: two limits for each key, in memory. It knows no keys and refuses none but by limits.

use std::collections::HashMap;

use envoy_types::ext_authz::v3::pb::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderAppendAction,
    HeaderValue, HeaderValueOption, HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use limitador::limit::{Limit, Namespace};
use limitador::RateLimiter;
use tokio::net::TcpListener;
use tonic::transport::server::{Server, TcpIncoming};
use tonic::{Request, Response, Status};

struct Checks {
    limiter: RateLimiter,
    namespace: Namespace,
    allow: CheckResponse,
    refuse: CheckResponse,
}

#[tonic::async_trait]
impl Authorization for Checks {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let message = request.into_inner();
        let headers = message
            .attributes
            .and_then(|it| it.request)
            .and_then(|it| it.http)
            .and_then(|it| it.header_map)
            .map(|it| it.headers)
            .unwrap_or_default();
        let key = headers
            .into_iter()
            .find(|header| header.key == "authorization")
            .and_then(|header| String::from_utf8(header.raw_value).ok())
            .unwrap_or_default();
        let context = HashMap::from([("key".to_string(), key)]).into();
        let taken = self.limiter.check_rate_limited_and_update(&self.namespace, &context, 1);
        let allowed = taken.is_ok_and(|result| !result.limited);
        Ok(Response::new(if allowed { self.allow.clone() } else { self.refuse.clone() }))
    }
}

const COUNTERS_MAX: u64 = 4_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limiter = RateLimiter::new(COUNTERS_MAX);
    for seconds in [60, 86_400] {
        let variables = vec!["key".try_into().expect("an expression")];
        limiter.add_limit(Limit::new("bench", 1_000_000_000, seconds, Vec::new(), variables));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"address\":\"{}\"}}", listener.local_addr()?);
    let checks = Checks { limiter, namespace: "bench".into(), allow: allow(), refuse: refuse() };
    // As tonic listens by itself: without it, answers wait for acknowledgements.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(AuthorizationServer::new(checks))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

fn allow() -> CheckResponse {
    let headers = ["x-account-id", "x-key-id", "x-tier", "x-ratelimit-limit", "x-ratelimit-remaining"]
        .map(|name| HeaderValueOption {
            header: Some(HeaderValue { key: name.into(), value: "bench".into(), ..Default::default() }),
            append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
            ..Default::default()
        })
        .to_vec();
    CheckResponse {
        status: Some(rpc::Status::default()),
        http_response: Some(HttpResponse::OkResponse(OkHttpResponse { headers, ..Default::default() })),
        ..Default::default()
    }
}

fn refuse() -> CheckResponse {
    let denied = DeniedHttpResponse { status: Some(HttpStatus { code: 429 }), ..Default::default() };
    CheckResponse {
        status: Some(rpc::Status { code: 16, ..Default::default() }),
        http_response: Some(HttpResponse::DeniedResponse(denied)),
        ..Default::default()
    }
}
