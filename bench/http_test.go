package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// rounds is how often each way is measured, in turns; the medians count.
const rounds = 5

// cost is what a way needs.
type cost struct{ callsPerSecond, microseconds float64 }

// api starts a slow API, and returns its URL.
func api(b *testing.B, args ...string) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "url")
	cmd := exec.Command(filepath.Join(binDir, "slowapi"), append([]string{"-unavailable", "0", "-throttled", "0", "-jitter", "0", "-address-file", name}, args...)...)
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	require.Eventually(b, func() bool { _, err := os.Stat(name); return err == nil }, 10*time.Second, 10*time.Millisecond)
	url, err := os.ReadFile(name)
	require.NoError(b, err)
	return string(url)
}

// bare runs the loop that one would write by hand.
func bare(b *testing.B, count int64, args ...string) cost {
	b.Helper()
	cmd := exec.Command(filepath.Join(binDir, "bare"), append(args, "-count", strconv.FormatInt(count, 10), "-output", filepath.Join(b.TempDir(), "out"))...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{float64(count) / time.Since(began).Seconds(), float64(used.Microseconds()) / float64(count)}
}

// longhaul runs a job on a worker that has run one before.
func longhaul(b *testing.B, queue string, process *os.Process, spec job.Spec, count int64) cost {
	b.Helper()
	spec.Output.URI = newOutput()
	before, began := processorTime(b, process.Pid), time.Now()
	finishCount(b, queue, spec, count)
	return cost{float64(count) / time.Since(began).Seconds(), float64((processorTime(b, process.Pid) - before).Microseconds()) / float64(count)}
}

// processorTime is what a process has used, in user and kernel mode.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	total := time.Duration(0)
	for _, field := range fields[11:13] { // utime and stime, in ticks of 10 ms
		ticks, err := strconv.ParseInt(field, 10, 64)
		require.NoError(b, err)
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total
}

// compare runs both ways in turns, and reports the medians and their ratios.
func compare(b *testing.B, name string, longhaul, bare func() cost) {
	b.Helper()
	for b.Loop() {
		longhaul() // connections, pools, caches
		ours, theirs := make([]cost, 0, rounds), make([]cost, 0, rounds)
		for range rounds {
			theirs = append(theirs, bare())
			ours = append(ours, longhaul())
		}
		median := func(costs []cost, of func(cost) float64) float64 {
			values := make([]float64, len(costs))
			for i, c := range costs {
				values[i] = of(c)
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		speed, time := func(c cost) float64 { return c.callsPerSecond }, func(c cost) float64 { return c.microseconds }
		result{
			name: name, calls: median(ours, speed), bareCalls: median(theirs, speed), time: median(ours, time), bareTime: median(theirs, time),
		}.note()
		b.ReportMetric(median(ours, speed), "calls/s")
		b.ReportMetric(median(theirs, speed), "bare-calls/s")
		b.ReportMetric(median(ours, time), "µs/record")
		b.ReportMetric(median(theirs, time), "bare-µs/record")
		b.ReportMetric(median(ours, speed)/median(theirs, speed), "x-calls")
		b.ReportMetric(median(ours, time)/median(theirs, time), "x-processor")
	}
}

// At full load the processor is the limit: 2,000 calls of 100 ms at once.
func BenchmarkHTTP(b *testing.B) {
	const count, parallelism = 150_000, 2_000
	b.Run("numbers", func(b *testing.B) {
		url := api(b)
		queue, process := worker(b, b.TempDir())
		records := int64(count)
		spec := fast(url+"/{{.}}", parallelism)
		spec.Input.Count = &records
		compare(b, "numbers", func() cost { return longhaul(b, queue, process, spec, count) },
			func() cost { return bare(b, count, "-url", url, "-parallelism", strconv.Itoa(parallelism)) })
	})
	b.Run("objects", func(b *testing.B) {
		url, root := api(b, "-size", "2000"), b.TempDir()
		writeObjects(b, filepath.Join(root, "in.jsonl"), count)
		queue, process := worker(b, root)
		body, err := json.Marshal(map[string]string{"name": "{{.name}}", "note": "{{.note}}", "size": "{{json .size}}"})
		require.NoError(b, err)
		spec := fast(url+"/{{.id}}", parallelism)
		spec.Call.HTTP.Method, spec.Call.HTTP.Body.Tree = "POST", body
		spec.Input.URI = "in.jsonl"
		compare(b, "objects", func() cost { return longhaul(b, queue, process, spec, count) },
			func() cost {
				return bare(b, count, "-url", url, "-parallelism", strconv.Itoa(parallelism), "-input", filepath.Join(root, "in.jsonl"))
			})
	})
}

// HTTPS with an authority of one's own, over HTTP/1.1 and HTTP/2, 500 calls of 100 ms at once.
func BenchmarkHTTPS(b *testing.B) {
	const count, parallelism = 50_000, 500
	for _, c := range []struct {
		name string
		args []string
	}{{"https-1.1", []string{"-http1"}}, {"https-2", nil}} {
		b.Run(c.name, func(b *testing.B) {
			root := b.TempDir()
			ca := filepath.Join(root, "ca.pem")
			url := api(b, append([]string{"-tls-ca", ca}, c.args...)...)
			queue, process := worker(b, root)
			records := int64(count)
			spec := fast(url+"/{{.}}", parallelism)
			spec.Input.Count, spec.Call.HTTP.TLS.CAFile = &records, "ca.pem"
			compare(b, c.name, func() cost { return longhaul(b, queue, process, spec, count) },
				func() cost {
					return bare(b, count, append([]string{"-url", url, "-ca", ca, "-parallelism", strconv.Itoa(parallelism)}, c.args...)...)
				})
		})
	}
}

// fast is a job that nothing but the calls limits.
func fast(url string, parallelism int) job.Spec {
	spec, call := job.DefaultSpec(), job.DefaultHTTPSpec()
	call.URL = url
	spec.Call.HTTP = &call
	spec.Parallelism, spec.ChunkSize, spec.ChunkInterval, spec.Canary = parallelism, 5_000, 0, 0
	return spec
}

// writeObjects writes records of about 300 bytes.
func writeObjects(b *testing.B, name string, count int) {
	b.Helper()
	file, err := os.Create(name)
	require.NoError(b, err)
	w := bufio.NewWriter(file)
	for i := range count {
		fmt.Fprintf(w, `{"id":%d,"name":"customer %d","note":"%s","size":%d.5,"tags":["a","b"],"active":true}`+"\n", i, i, strings.Repeat("a note ", 28), i%1000)
	}
	require.NoError(b, w.Flush())
	require.NoError(b, file.Close())
}
