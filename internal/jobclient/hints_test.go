package jobclient

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/connect"
	"longhaul/job"
)

// A command in a message goes to the server that was asked.
func TestTheNextCommand(t *testing.T) {
	t.Parallel()
	there := connect.Flags{Address: "there:7233", Namespace: "my ns", APIKey: "secret"}
	const flags = " --address there:7233 --namespace 'my ns'"
	done, failed, stopped := Ending{Summary: &job.Summary{}}, Ending{Summary: &job.Summary{Totals: job.Totals{Failed: 1}}}, Ending{}
	for want, got := range map[string]string{
		"longhaul verify /data/out":                                          done.NextCommand("id", job.TaskQueue, "/data/out", there),
		"longhaul verify 'my out' --root ROOT":                               done.NextCommand("id", job.TaskQueue, "my out", there),
		"longhaul redrive 'it'\\''s'" + flags:                                failed.NextCommand("it's", job.TaskQueue, "out", there),
		"longhaul redrive '/my out'":                                         failed.NextCommand("id", "longhaul-run-1", "/my out", connect.Flags{}),
		"longhaul redrive OUT":                                               failed.NextCommand("id", "longhaul-run-1", "", connect.Flags{}),
		"longhaul run SPEC":                                                  stopped.NextCommand("id", "longhaul-run-1", "out", there),
		"longhaul start SPEC --id 'my job' --task-queue q" + flags:           stopped.NextCommand("my job", "q", "out", there),
		"longhaul-worker --task-queue q --address there:7233 --namespace ns": WorkerCommand(connect.Flags{Address: "there:7233", Namespace: "ns"}, "q"),
	} {
		require.Equal(t, want, got)
	}
}
