// Command poison is a worker with a function that ends the process on some records.
package main

import (
	"context"
	"os"
	"time"

	"longhaul"
	"longhaul/calls"
)

func main() {
	longhaul.Worker(calls.Func("square", func(_ context.Context, n int) (map[string]int, error) {
		if n == 333 || n == 1500 {
			os.Exit(3)
		}
		<-time.After(20 * time.Millisecond)
		return map[string]int{"square": n * n}, nil
	}))
}
