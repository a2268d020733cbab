// grpc-go as a gateway would use it: asks a check server what its scenarios say and prints what came of each, one JSON line.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	callLimit   = 60 * time.Second
	shortTime   = 100 * time.Millisecond
	concurrent  = 3000
	sequential  = 2000
	cancelled   = 500
	lanes       = 16
	afterReturn = 500
	longHeader  = 60_000
	longField   = 17_000
	tooLong     = 5 << 20
)

// What a gateway's operator would set: calls that no server has worked on are sent again, and wait while none listens.
const retryPolicy = `{"methodConfig": [{"name": [{}], "retryPolicy": {
	"maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2,
	"retryableStatusCodes": ["UNAVAILABLE"]}}]}`

type answer struct {
	Grpc    string            `json:"grpc"`
	Code    int32             `json:"code"`
	Status  int32             `json:"status"`
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
}

type client struct {
	checks auth.AuthorizationClient
	health health.HealthClient
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: client TARGET AUTHORITY.pem|- SCENARIO...")
		os.Exit(2)
	}
	connection, err := connect(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	c := client{auth.NewAuthorizationClient(connection), health.NewHealthClient(connection)}
	for _, word := range os.Args[3:] {
		print(word, scenarios[word](c))
	}
}

func connect(target, authority string) (*grpc.ClientConn, error) {
	trust := insecure.NewCredentials()
	if authority != "-" {
		fromFile, err := credentials.NewClientTLSFromFile(authority, "localhost")
		if err != nil {
			return nil, err
		}
		trust = fromFile
	}
	return grpc.NewClient(target, grpc.WithTransportCredentials(trust), grpc.WithDefaultServiceConfig(retryPolicy),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
}

func print(word string, told any) {
	line, err := json.Marshal(map[string]any{"word": word, "told": told})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

var scenarios = map[string]func(client) any{
	"deny":       func(c client) any { return c.check("/deny?one", nil) },
	"allow":      func(c client) any { return c.check("/allow?one", nil) },
	"health":     askHealth,
	"concurrent": func(c client) any { return c.many(concurrent, concurrent) },
	"sequential": func(c client) any { return c.many(sequential, 1) },
	"deadline":   passDeadline,
	"cancel":     cancelAmong,
	"long-header": func(c client) any {
		return c.check("/length", map[string]string{"x-long": strings.Repeat("x", longHeader)})
	},
	"too-long":     tooLongThenShort,
	"long-field":   longFieldThenNone,
	"big-answer":   func(c client) any { return len(c.check("/big", nil).Body) },
	"while-drains": whileDrains,
}

func askHealth(c client) any {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	var told []string
	for _, service := range []string{"", "envoy.service.auth.v3.Authorization", "nobody"} {
		response, err := c.health.Check(ctx, &health.HealthCheckRequest{Service: service})
		if err != nil {
			told = append(told, name(err))
		} else {
			told = append(told, response.GetStatus().String())
		}
	}
	return told
}

// How many calls had an answer to another question, or none, in so many lanes.
func (c client) many(calls, lanes int) any {
	var group sync.WaitGroup
	var lock sync.Mutex
	wrong := []string{}
	for lane := range lanes {
		group.Go(func() {
			for index := lane; index < calls; index += lanes {
				path := fmt.Sprintf("/%s?%d", []string{"allow", "deny", "later"}[index%3], index)
				if fault := faultOf(path, c.check(path, nil)); fault != "" {
					lock.Lock()
					wrong = append(wrong, fault)
					lock.Unlock()
				}
			}
		})
	}
	group.Wait()
	return told(calls, wrong)
}

func told(calls int, wrong []string) any {
	sort.Strings(wrong)
	return map[string]any{"calls": calls, "wrong": wrong[:min(len(wrong), 5)]}
}

// "" where the answer is that to the question.
func faultOf(path string, got answer) string {
	fits := got.Grpc == "OK" && got.Code == 16 && got.Body == path
	if strings.HasPrefix(path, "/allow") {
		fits = got.Grpc == "OK" && got.Code == 0 && got.Headers["x-target"] == path
	}
	if fits {
		return ""
	}
	return fmt.Sprintf("%s: %+v", path, got)
}

func passDeadline(c client) any {
	ctx, cancel := context.WithTimeout(context.Background(), shortTime)
	defer cancel()
	late := c.checkWith(ctx, "/never", nil)
	return []string{fmt.Sprintf("%s %d", late.Grpc, late.Status), c.check("/deny?next", nil).Body}
}

func cancelAmong(c client) any {
	var group sync.WaitGroup
	var lock sync.Mutex
	ends := map[string]int{}
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	for range cancelled {
		group.Go(func() {
			end := c.checkWith(ctx, "/never", nil).Grpc
			lock.Lock()
			ends[end]++
			lock.Unlock()
		})
	}
	honest := c.many(concurrent, lanes)
	cancel()
	group.Wait()
	return map[string]any{"cancelled": ends, "honest": honest, "next": c.check("/deny?next", nil).Body}
}

func tooLongThenShort(c client) any {
	refused := c.check("/deny", map[string]string{"x-long": strings.Repeat("x", tooLong)})
	return []string{refused.Grpc, c.check("/deny?next", nil).Body}
}

func longFieldThenNone(c client) any {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	long := metadata.AppendToOutgoingContext(ctx, "x-long", strings.Repeat("x", longField))
	return []string{c.checkWith(long, "/deny?long", nil).Grpc, c.check("/deny?next", nil).Body}
}

// Asks until another server has answered often enough; one call is under way when the first must go.
func whileDrains(c client) any {
	held := make(chan answer)
	go func() { held <- c.check("/held", nil) }()
	var group sync.WaitGroup
	var lock sync.Mutex
	calls, returned, begun := 0, 0, false
	wrong := []string{}
	isOver := func() bool {
		lock.Lock()
		defer lock.Unlock()
		return returned >= afterReturn || len(wrong) > 0
	}
	for lane := range lanes {
		group.Go(func() {
			for index := lane; !isOver(); index += lanes {
				path := fmt.Sprintf("/deny?%d", index)
				got := c.check(path, nil)
				fault := faultOf(path, got)
				lock.Lock()
				calls++
				if fault != "" {
					wrong = append(wrong, fault)
				}
				if got.Headers["x-server"] == "second" {
					returned++
				}
				if !begun && calls >= lanes {
					begun = true
					print("running", nil)
				}
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return map[string]any{"wrong": wrong, "held": (<-held).Headers["x-server"], "returned": returned >= afterReturn}
}

func (c client) check(path string, headers map[string]string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	return c.checkWith(ctx, path, headers)
}

func (c client) checkWith(ctx context.Context, path string, headers map[string]string) answer {
	http := &auth.AttributeContext_HttpRequest{Method: "GET", Host: "api.example", Path: path, Headers: headers}
	request := &auth.CheckRequest{Attributes: &auth.AttributeContext{Request: &auth.AttributeContext_Request{Http: http}}}
	response, err := c.checks.Check(ctx, request)
	if err != nil {
		return answer{Grpc: name(err)}
	}
	denied, ok := response.GetDeniedResponse(), response.GetOkResponse()
	return answer{
		Grpc:    "OK",
		Code:    response.GetStatus().GetCode(),
		Status:  int32(denied.GetStatus().GetCode()),
		Body:    denied.GetBody(),
		Headers: toMap(append(denied.GetHeaders(), ok.GetHeaders()...)),
	}
}

func toMap(options []*core.HeaderValueOption) map[string]string {
	headers := map[string]string{}
	for _, option := range options {
		headers[option.GetHeader().GetKey()] = option.GetHeader().GetValue()
	}
	return headers
}

var names = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND",
	codes.ResourceExhausted: "RESOURCE_EXHAUSTED", codes.Unavailable: "UNAVAILABLE", codes.Internal: "INTERNAL",
}

func name(err error) string {
	code := status.Code(err)
	if known, found := names[code]; found {
		return known
	}
	return code.String()
}
