//! What a check costs at the least in Rust: decode, one look-up in a map, a fixed allow with five headers.
//! It counts nothing and keeps no promise; it is a yardstick, not a product.

use std::collections::HashSet;
use std::sync::Arc;

use envoy_types::ext_authz::v3::pb::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderAppendAction,
    HeaderValue, HeaderValueOption, HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tonic::transport::server::{Server, TcpIncoming};
use tonic::{Request, Response, Status};

struct Checks {
    known: Arc<HashSet<[u8; 32]>>,
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
        let is_known = headers
            .iter()
            .find(|header| header.key == "authorization")
            .and_then(|header| header.raw_value.strip_prefix(b"Bearer "))
            .is_some_and(|key| self.known.contains(&digest(key)));
        Ok(Response::new(if is_known { self.allow.clone() } else { self.refuse.clone() }))
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = std::fs::read_to_string(std::env::var("BENCH_KEYS_FILE")?)?;
    let known = Arc::new(keys.lines().map(|line| digest(line.as_bytes())).collect());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"address\":\"{}\"}}", listener.local_addr()?);
    let checks = Checks { known, allow: allow(), refuse: refuse() };
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
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus { code: 401 }),
        body: r#"{"error":{"code":"unauthorized","message":"Invalid API key"}}"#.into(),
        ..Default::default()
    };
    CheckResponse {
        status: Some(rpc::Status { code: 16, ..Default::default() }),
        http_response: Some(HttpResponse::DeniedResponse(denied)),
        ..Default::default()
    }
}
