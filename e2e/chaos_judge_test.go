package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// judge holds a job that has ended against the promises.
func (c *campaign) judge(j *chaosJob) {
	c.verify(j)
	c.readOutput(j)
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	for _, a := range j.allowances {
		j.permits += a.calls
	}
	for record, calls := range j.calls.perRecord {
		require.Positive(c.t, calls, "job %d: record %d was never called", j.number, record)
		due := 1 + j.calls.transient[record]
		if c.api.traits(j.number, record).refused {
			due += j.restarts
			if j.redriven {
				due++
			}
		}
		j.repeated += max(0, calls-due)
	}
	require.LessOrEqual(c.t, j.repeated, j.permits, "job %d: repeated calls", j.number)
}

// verify is longhaul verify.
func (c *campaign) verify(j *chaosJob) {
	out, code := runProgram(c.t, c.root, "longhaul", "verify", j.spec.Output.URI, "--root", c.root)
	require.Zero(c.t, code, "job %d: %s", j.number, out)
	require.Contains(c.t, out, "proven")
}

// chaosLine is a line of a part, or of an errors part.
type chaosLine struct {
	Index  int
	Input  json.RawMessage
	Output *struct{ Job, Square int }
	Error  *struct{ Status int }
}

// readOutput reads the parts without Longhaul's code: every record is there exactly once and
// in order, those that the API refuses among the errors.
func (c *campaign) readOutput(j *chaosJob) {
	answered, refused := c.readParts(j, "part"), c.readParts(j, "errors")
	require.Equal(c.t, j.records, len(answered)+len(refused), "job %d", j.number)
	for _, line := range answered {
		require.NotNil(c.t, line.Output, "job %d: record %d", j.number, line.Index)
		require.Equal(c.t, j.number, line.Output.Job, "record %d", line.Index)
		require.Equal(c.t, line.Index*line.Index, line.Output.Square, "job %d: record %d", j.number, line.Index)
		require.False(c.t, !j.redriven && c.api.traits(j.number, line.Index).refused, "job %d: record %d", j.number, line.Index)
	}
	for _, line := range refused {
		require.NotNil(c.t, line.Error, "job %d: record %d", j.number, line.Index)
		require.Equal(c.t, 422, line.Error.Status, "job %d: record %d", j.number, line.Index)
		require.True(c.t, !j.redriven && c.api.traits(j.number, line.Index).refused, "job %d: record %d", j.number, line.Index)
	}
}

// readParts reads the lines of all files of a kind, which are in the order of their records.
func (c *campaign) readParts(j *chaosJob, kind string) (lines []chaosLine) {
	files, err := filepath.Glob(filepath.Join(c.root, j.spec.Output.URI, kind+"-*.jsonl"))
	require.NoError(c.t, err)
	slices.Sort(files)
	last := -1
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(c.t, err)
		for text := range bytes.Lines(data) {
			var line chaosLine
			require.NoError(c.t, json.Unmarshal(text, &line), "%s: %s", file, text)
			require.Greater(c.t, line.Index, last, "%s: the order of records", file)
			input := strconv.Itoa(line.Index)
			if j.spec.Input.URI != "" {
				input = fmt.Sprintf(`{"id":%d}`, line.Index)
			}
			require.Equal(c.t, input, string(line.Input), file)
			last = line.Index
			lines = append(lines, line)
		}
	}
	return lines
}

// status is what longhaul status says of the job's workflows, and the files of its output.
func (c *campaign) status() string {
	var text strings.Builder
	for id := range c.job.runs {
		if c.server != nil {
			out, _ := runProgram(c.t, c.root, "longhaul", "status", id, "--address", c.server.local.Address())
			fmt.Fprintf(&text, "%s: %s\n", id, out)
		}
	}
	return text.String()
}

// table is plain text, a line for each job.
func (c *campaign) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "job\trecords\tredriven\tfaults\tcalls\trepeated\tallowed\tmost in flight\tof\ttime\t")
	var records, faults, calls, repeated, permits int
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	for _, j := range c.jobs {
		fmt.Fprintf(w, "%d\t%d\t%t\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f s\t\n", j.number, j.records, j.redriven, j.faults, j.calls.total,
			j.repeated, j.permits, j.calls.most, j.calls.parallelism, j.took.Seconds())
		records, faults, calls, repeated, permits = records+j.records, faults+j.faults, calls+j.calls.total, repeated+j.repeated, permits+j.permits
	}
	fmt.Fprintf(w, "all\t%d\t\t%d\t%d\t%d\t%d\t\t\t%.1f s\t\n", records, faults, calls, repeated, permits, time.Since(c.began).Seconds())
	_ = w.Flush() // into a strings.Builder
	fmt.Fprintf(&text, "seed %d; faults:", c.seed)
	for i, kind := range faultKinds {
		separator := ","
		if i == 0 {
			separator = ""
		}
		fmt.Fprintf(&text, "%s %d × %s", separator, c.faults[kind.name], kind.name)
	}
	return text.String()
}
