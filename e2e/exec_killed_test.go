//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// family leaves files with the ids of a program, of its child in a session of its own, and
// of a grandchild that nobody is the parent of.
const family = `#!/bin/sh
read -r line
setsid sh -c 'echo $$ > session-'$line'.new; mv session-'$line'.new session-'$line'.pid; sleep 1000; :' &
(setsid sh -c 'echo $$ > daemon-'$line'.new; mv daemon-'$line'.new daemon-'$line'.pid; exec sleep 1000' &)
echo $PPID > supervisor
echo $$ > program-$line.new; mv program-$line.new program-$line.pid
sleep 1000
`

// Programs end with their worker, kill -9 included, and with all that they have started.
func TestProgramsEndWithTheWorker(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "family"), []byte(family), 0o755))
	count := int64(4)
	program := job.DefaultExecSpec()
	program.Command, program.Timeout = []string{"./family"}, job.Duration(time.Hour)
	spec := job.DefaultSpec()
	spec.Input.Count, spec.Output.URI, spec.Call.Exec, spec.Parallelism = &count, "out", &program, 4
	worker := startWorker(t, shared, root, id, "--allow-exec")
	startJob(t, shared, id, spec)
	var files []string
	require.Eventually(t, func() bool {
		files, _ = filepath.Glob(filepath.Join(root, "*.pid"))
		return len(files) == 3*int(count)
	}, time.Minute, 10*time.Millisecond)
	worker.kill()
	for _, file := range append(files, filepath.Join(root, "supervisor")) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		pid := strings.TrimSpace(string(text))
		_, err = strconv.Atoi(pid)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ")
		}, 20*time.Second, 5*time.Millisecond, filepath.Base(file))
	}
	require.NoError(t, shared.TerminateWorkflow(t.Context(), id, "", "the test is over"))
}

// A template that would never end, or write without end, is one clear error before the first
// call; the worker lives on.
func TestATemplateThatNeverEndsIsRefused(t *testing.T) {
	t.Parallel()
	root, id := t.TempDir(), newID(t)
	worker := startWorker(t, shared, root, id)
	for text, message := range map[string]string{
		`{{range 10000000000}}{{end}}`:                                 "; loop over fewer elements; fix the template or the input",
		`{{range 1000000000}}` + strings.Repeat("x", 1000) + `{{end}}`: "the texts of one request are longer than 64 MiB",
		`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`:        `the template "a" uses itself`,
	} {
		spec := httpSpec("http://127.0.0.1:1", 10, 1)
		spec.Call.HTTP.Body.Text = text
		began := time.Now()
		err := startJob(t, shared, id, spec).Get(t.Context(), nil)
		require.ErrorContains(t, err, "call.http.body: ")
		require.ErrorContains(t, err, message)
		require.Less(t, time.Since(began), time.Minute)
	}
	worker.kill()
}
