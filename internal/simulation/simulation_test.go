//go:debug randseednop=0

package simulation

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

var (
	first = flag.Uint64("first", 1, "the first seed")
	seeds = flag.Uint64("seeds", 30, "how many seeds")
	step  = flag.Uint64("step", 0, "run every so manieth seed in this process; 0 divides them among processes")
	trace = flag.String("trace", "", "write what happens in each seed into a file in this folder")
)

// A seed that fails is run again by: go test ./internal/simulation -run TestSeeds -first SEED -seeds 1 -trace .
func TestSeeds(t *testing.T) { //nolint:paralleltest // a seed is the only one in its process
	switch {
	case *seeds == 1 && *step == 0:
		*step = 1
	case *step == 0:
		runProcesses(t, uint64(runtime.NumCPU()))
		return
	}
	// The cache is one for all workers of a process, and locked across requests.
	worker.SetStickyWorkflowCacheSize(0)
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	for seed := *first; seed < *first+*seeds; seed += *step {
		fmt.Println("seed", seed)
		report(t, seed, simulate(t, seed))
	}
}

// simulate runs one seed. All that is random in the process is drawn from it.
func simulate(t *testing.T, seed uint64) (result *Result) {
	t.Helper()
	written := io.Discard
	if *trace != "" {
		file, err := os.Create(filepath.Join(*trace, fmt.Sprintf("seed-%d.txt", seed)))
		require.NoError(t, err)
		defer func() { require.NoError(t, file.Close()) }()
		buffered := bufio.NewWriter(file)
		defer func() { require.NoError(t, buffered.Flush()) }()
		written = buffered
	}
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, seed)
		rand.Seed(int64(seed)) //nolint:staticcheck // the SDK, and the back-off of calls, draw from it
		var err error
		result, err = Run(t.Context(), seed, written)
		require.NoError(t, err)
	})
	return result
}

func report(t *testing.T, seed uint64, r *Result) {
	t.Helper()
	if len(r.Violations) > 0 {
		t.Errorf("seed %d\n%s%s", seed, r.Plan, strings.Join(r.Violations, "\n"))
	}
	if testing.Verbose() {
		t.Logf("seed %d: trace %x, %d calls, %d repeated of %d, %s, refuted %t", seed, r.Trace, r.Calls, r.Repeated, r.Allowed, r.Lasted, r.Refuted)
	}
}

// runProcesses divides the seeds among processes of this test. Each has one processor: then
// what is to happen at the same moment happens in the same order each time.
func runProcesses(t *testing.T, count uint64) {
	t.Helper()
	count = min(count, *seeds)
	var running sync.WaitGroup
	for i := range count {
		running.Go(func() {
			args := []string{
				"-test.run", "^TestSeeds$", "-test.timeout", "0", fmt.Sprintf("-first=%d", *first+i), fmt.Sprintf("-seeds=%d", *seeds-i),
				fmt.Sprintf("-step=%d", count), "-trace", *trace,
			}
			if testing.Verbose() {
				args = append(args, "-test.v")
			}
			child := exec.CommandContext(t.Context(), os.Args[0], args...)
			child.Env = append(os.Environ(), "GOMAXPROCS=1")
			out, in := io.Pipe()
			child.Stdout, child.Stderr = in, in
			finished := make(chan struct{})
			var last, output string
			go func() {
				defer close(finished)
				last, output = read(out)
			}()
			err := child.Run()
			_ = in.Close()
			<-finished
			if err != nil {
				t.Errorf("%s, in or before %s:\n%s", err, last, output)
			} else if testing.Verbose() {
				t.Log(output)
			}
		})
	}
	running.Wait()
}

// read reads what a process prints, but for the seeds that it begins, of which it returns
// the last.
func read(out io.Reader) (last, output string) {
	var kept strings.Builder
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, "seed ") {
			last = strings.TrimSpace(line)
		} else {
			kept.WriteString(line)
		}
		if err != nil {
			return last, kept.String()
		}
	}
}
