package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dustin/go-humanize"
)

// result is a line of the table: medians of rounds, Longhaul's and the bare loop's in turns.
type result struct {
	name                             string
	calls, bareCalls, time, bareTime float64
}

// figure is a line of the second table.
type figure struct {
	name, unit string
	// value is the median of the rounds, goal what it should be, with a sign: "≤ 1.05".
	value  float64
	rounds int
	goal   string
}

var (
	mu      sync.Mutex
	results []result
	figures []figure
)

// measured runs something some times, and notes and reports the median of what it returns.
func measured(b *testing.B, f figure, rounds int, run func() float64) {
	b.Helper()
	values := make([]float64, 0, rounds)
	for b.Loop() {
		for range rounds {
			values = append(values, run())
		}
	}
	slices.Sort(values)
	f.value, f.rounds = values[len(values)/2], len(values)
	b.ReportMetric(f.value, strings.ReplaceAll(f.unit, " ", "-"))
	f.note()
}

func (f figure) note() {
	mu.Lock()
	defer mu.Unlock()
	figures = append(figures, f)
}

func (r result) note() {
	mu.Lock()
	defer mu.Unlock()
	results = append(results, r)
}

// writeResults writes the table to the file that BENCH_RESULTS names, if there is one.
func writeResults() error {
	name := os.Getenv("BENCH_RESULTS")
	if name == "" || len(results)+len(figures) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Results of `make bench`\n\n%s, %d processors (%s), Go %s, commit %s. API, worker, Temporal server and disk on this machine; medians of %d rounds, the two ways in turns.\n\n",
		runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), model(), strings.TrimPrefix(runtime.Version(), "go"), commit(), rounds)
	b.WriteString("| | calls/s | bare loop | ratio | processor time, µs per record | bare loop | ratio |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |\n", r.name, r.calls, r.bareCalls, r.calls/r.bareCalls, r.time, r.bareTime, r.time/r.bareTime)
	}
	b.WriteString("\n| | median | rounds | goal |\n|---|---|---|---|\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s | %s %s | %d | %s |\n", f.name, humanize.CommafWithDigits(f.value, 2), f.unit, f.rounds, f.goal)
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
