package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// result is a line of the table: medians of rounds, Longhaul's and the bare loop's in turns.
type result struct {
	name                             string
	calls, bareCalls, time, bareTime float64
}

var (
	mu      sync.Mutex
	results []result
)

func (r result) note() {
	mu.Lock()
	defer mu.Unlock()
	results = append(results, r)
}

// writeResults writes the table to the file that BENCH_RESULTS names, if there is one.
func writeResults() error {
	name := os.Getenv("BENCH_RESULTS")
	if name == "" || len(results) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Results of `make bench`\n\n%s, %d processors (%s), Go %s, commit %s. API, worker, Temporal server and disk on this machine; medians of %d rounds, the two ways in turns.\n\n",
		runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), model(), strings.TrimPrefix(runtime.Version(), "go"), commit(), rounds)
	b.WriteString("| | calls/s | bare loop | ratio | processor time, µs per record | bare loop | ratio |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |\n", r.name, r.calls, r.bareCalls, r.calls/r.bareCalls, r.time, r.bareTime, r.time/r.bareTime)
	}
	return os.WriteFile(name, []byte(b.String()), 0o644)
}

// model is the processor's name.
func model() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "unknown"
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
