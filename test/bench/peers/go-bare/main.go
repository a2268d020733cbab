// What a check costs at the least in Go: decode, one look-up in a map, a fixed allow with five headers.
// It counts nothing and keeps no promise; it is a yardstick, not a product.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

type server struct {
	auth.UnimplementedAuthorizationServer
	known  map[[32]byte]bool
	allow  *auth.CheckResponse
	refuse *auth.CheckResponse
}

func (s *server) Check(_ context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	for _, header := range request.GetAttributes().GetRequest().GetHttp().GetHeaderMap().GetHeaders() {
		if header.GetKey() == "authorization" {
			key := strings.TrimPrefix(string(header.GetRawValue()), "Bearer ")
			if s.known[sha256.Sum256([]byte(key))] {
				return s.allow, nil
			}
		}
	}
	return s.refuse, nil
}

func main() {
	known := map[[32]byte]bool{}
	file, err := os.Open(os.Getenv("BENCH_KEYS_FILE"))
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		known[sha256.Sum256(lines.Bytes())] = true
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	grpcServer := grpc.NewServer()
	auth.RegisterAuthorizationServer(grpcServer, &server{known: known, allow: allow(), refuse: refuse()})
	fmt.Printf("{\"address\":%q}\n", listener.Addr().String())
	if err := grpcServer.Serve(listener); err != nil {
		panic(err)
	}
}

func allow() *auth.CheckResponse {
	var headers []*core.HeaderValueOption
	for _, name := range []string{"x-account-id", "x-key-id", "x-tier", "x-ratelimit-limit", "x-ratelimit-remaining"} {
		headers = append(headers, &core.HeaderValueOption{
			Header:       &core.HeaderValue{Key: name, Value: "bench"},
			AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		})
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
