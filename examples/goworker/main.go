// Command goworker is a worker with a Go function of its own:
//
//	go run ./examples/goworker --root .
//	longhaul start job.json    # "call": {"func": {"name": "square"}}
package main

import (
	"context"
	"time"

	"longhaul"
	"longhaul/calls"
)

func square(_ context.Context, n int) (int, error) {
	<-time.After(10 * time.Millisecond)
	return n * n, nil
}

func main() { longhaul.Worker(calls.Func("square", square)) }
