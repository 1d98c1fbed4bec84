// Command goworker is a worker with a Go function of its own, as one would write it
// outside of Longhaul's repository:
//
//	go run . --root .
//	longhaul start job.json    # "call": {"func": {"name": "square"}}
package main

import (
	"context"
	"time"

	"longhaul"
	"longhaul/calls"
)

func square(ctx context.Context, n int) (int, error) {
	select {
	case <-time.After(10 * time.Millisecond): // the slow part
		return n * n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func main() { longhaul.Worker(calls.Func("square", square)) }
