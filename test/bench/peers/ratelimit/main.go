// envoyproxy/ratelimit as it is, and the Redis that it counts in: on a free port of the loopback, keeping nothing on disk.
// This process starts both as children and ends them; it writes one line when they answer: where, and their process ids.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/envoyproxy/ratelimit/src/service_cmd/runner"
	"github.com/envoyproxy/ratelimit/src/settings"
)

// As many limits for a key as the others have: one of them in a minute, one in a day.
const limits = `domain: bench
descriptors:
  - key: minute
    rate_limit: { unit: minute, requests_per_unit: 1000000000 }
  - key: day
    rate_limit: { unit: day, requests_per_unit: 1000000000 }
`

const startLimit = 30 * time.Second

// What this program is told to be the service itself.
const serveWord = "serve"

func main() {
	if len(os.Args) > 1 && os.Args[1] == serveWord {
		service := runner.NewRunner(settings.NewSettings())
		service.Run()
		return
	}
	if err := supervise(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func supervise() error {
	// The kernel ends a child when the thread that started it is gone, whatever became of this process.
	runtime.LockOSThread()
	folder, err := os.MkdirTemp("", "bench-ratelimit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	redis, redisAddress, err := startRedis(folder)
	if err != nil {
		return err
	}
	defer end(redis)
	service, address, err := startService(folder, redisAddress)
	if err != nil {
		return err
	}
	defer end(service)
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	fmt.Printf("{\"address\":%q,\"pids\":[%d,%d]}\n", address, redis.Process.Pid, service.Process.Pid)
	<-ended.Done()
	return nil
}

func startRedis(folder string) (*exec.Cmd, string, error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	redis := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "no", "--loglevel", "warning")
	return startChild(redis, net.JoinHostPort("127.0.0.1", port))
}

func startService(folder, redisAddress string) (*exec.Cmd, string, error) {
	config := filepath.Join(folder, "config")
	if err := os.Mkdir(config, 0o700); err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(filepath.Join(config, "bench.yaml"), []byte(limits), 0o600); err != nil {
		return nil, "", err
	}
	var ports [3]string
	for at := range ports {
		port, err := freePort()
		if err != nil {
			return nil, "", err
		}
		ports[at] = port
	}
	service := exec.Command("/proc/self/exe", serveWord)
	service.Env = []string{
		"HOST=127.0.0.1", "PORT=" + ports[0],
		"DEBUG_HOST=127.0.0.1", "DEBUG_PORT=" + ports[1],
		"GRPC_HOST=127.0.0.1", "GRPC_PORT=" + ports[2],
		"REDIS_SOCKET_TYPE=tcp", "REDIS_URL=" + redisAddress,
		"RUNTIME_ROOT=" + folder, "RUNTIME_WATCH_ROOT=false",
		"DISABLE_STATS=true", "LOG_LEVEL=error",
	}
	return startChild(service, net.JoinHostPort("127.0.0.1", ports[2]))
}

// Returns once something listens at the address.
func startChild(child *exec.Cmd, address string) (*exec.Cmd, string, error) {
	child.Stderr = os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := child.Start(); err != nil {
		return nil, "", err
	}
	if err := awaitListener(address); err != nil {
		end(child)
		return nil, "", err
	}
	return child, address, nil
}

func end(child *exec.Cmd) {
	child.Process.Kill()
	child.Wait()
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), nil
}

func awaitListener(address string) error {
	for giveUp := time.Now().Add(startLimit); time.Now().Before(giveUp); time.Sleep(10 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return connection.Close()
		}
	}
	return errors.New("nothing listens on " + address)
}
