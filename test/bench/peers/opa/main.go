// OPA's engine behind a small server: the policy looks a key's digest up in its data. It counts nothing.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net"
	"os"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

//go:embed policy.rego
var policy string

type server struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

func (s *server) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	http := request.GetAttributes().GetRequest().GetHttp()
	headers := map[string]any{}
	for _, header := range http.GetHeaderMap().GetHeaders() {
		headers[header.GetKey()] = string(header.GetRawValue())
	}
	input := map[string]any{"method": http.GetMethod(), "path": http.GetPath(), "host": http.GetHost(), "headers": headers}
	results, err := s.query.Eval(ctx, rego.EvalInput(input))
	if err == nil && results.Allowed() {
		return allow(), nil
	}
	return refuse(), nil
}

func main() {
	known := map[string]any{}
	file, err := os.Open(os.Getenv("BENCH_KEYS_FILE"))
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		sum := sha256.Sum256(lines.Bytes())
		known[hex.EncodeToString(sum[:])] = true
	}
	store := inmem.NewFromObject(map[string]any{"keys": known})
	query, err := rego.New(rego.Query("data.authz.allow"), rego.Module("policy.rego", policy), rego.Store(store)).
		PrepareForEval(context.Background())
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	grpcServer := grpc.NewServer()
	auth.RegisterAuthorizationServer(grpcServer, &server{query: query})
	fmt.Printf("{\"address\":%q}\n", listener.Addr().String())
	if err := grpcServer.Serve(listener); err != nil {
		panic(err)
	}
}

func allow() *auth.CheckResponse {
	var headers []*core.HeaderValueOption
	for _, name := range []string{"x-account-id", "x-key-id", "x-tier", "x-ratelimit-limit", "x-ratelimit-remaining"} {
		headers = append(headers, &core.HeaderValueOption{Header: &core.HeaderValue{Key: name, Value: "bench"}})
	}
	return &auth.CheckResponse{
		Status:       &status.Status{Code: int32(codes.OK)},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{Headers: headers}},
	}
}

func refuse() *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(codes.Unauthenticated)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status: &typev3.HttpStatus{Code: typev3.StatusCode_Unauthorized},
			Body:   `{"error":{"code":"unauthorized","message":"Invalid API key"}}`,
		}},
	}
}
