// Aims the integration tests of grpc-gateway 1.6 at another translator. This file takes the place of their main_test.go:
// their server runs as it is, and the tests are theirs; what TRANSLATOR names is started in place of their gateway.
package integration_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	server "github.com/grpc-ecosystem/grpc-gateway/examples/server"
	gwruntime "github.com/grpc-ecosystem/grpc-gateway/runtime"
)

const port = 8080 // Made another one, like all ports of these tests, when they are copied.

var upstream = os.Getenv("UPSTREAM")

// runGateway runs the translator until the context ends. The options are for their own gateway.
func runGateway(ctx context.Context, addr string, opts ...gwruntime.ServeMuxOption) error {
	words := strings.Fields(os.Getenv("TRANSLATOR"))
	words = append(words, "--upstream", upstream, "--listen", "127.0.0.1"+addr)
	command := exec.Command(words[0], words[1:]...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	return nil
}

func waitForGateway(ctx context.Context, port uint16) error {
	return waitFor(fmt.Sprintf("127.0.0.1:%d", port))
}

func waitFor(address string) error {
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var connection net.Conn
		if connection, err = net.Dial("tcp", address); err == nil {
			connection.Close()
			return nil
		}
	}
	return err
}

func TestMain(m *testing.M) {
	ctx, cancel := context.WithCancel(context.Background())
	go server.Run(ctx, "tcp", upstream)
	err := waitFor(upstream)
	done := make(chan error, 1)
	if err == nil {
		go func() { done <- runGateway(ctx, fmt.Sprintf(":%d", port)) }()
		err = waitForGateway(ctx, port)
	}
	status := 2
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		status = m.Run()
	}
	cancel()
	<-done
	os.Exit(status)
}

// Each part of their TestEcho and TestABE by itself.

func TestPartEcho(t *testing.T)               { testEcho(t, port, "application/json") }
func TestPartEchoOneof(t *testing.T)          { testEchoOneof(t, port, "application/json") }
func TestPartEchoOneof1(t *testing.T)         { testEchoOneof1(t, port, "application/json") }
func TestPartEchoOneof2(t *testing.T)         { testEchoOneof2(t, port, "application/json") }
func TestPartEchoBody(t *testing.T)           { testEchoBody(t, port) }
func TestPartCreate(t *testing.T)             { testABECreate(t, port) }
func TestPartCreateBody(t *testing.T)         { testABECreateBody(t, port) }
func TestPartBulkCreate(t *testing.T)         { testABEBulkCreate(t, port) }
func TestPartLookup(t *testing.T)             { testABELookup(t, port) }
func TestPartLookupNotFound(t *testing.T)     { testABELookupNotFoundWithProtoError(t, port) }
func TestPartList(t *testing.T)               { testABEList(t, port) }
func TestPartBulkEcho(t *testing.T)           { testABEBulkEcho(t, port) }
func TestPartBulkEchoZeroLength(t *testing.T) { testABEBulkEchoZeroLength(t, port) }
func TestPartAdditionalBindings(t *testing.T) { testAdditionalBindings(t, port) }
