package workflows

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Histories of a real server: one for each way a run can end, and one for each command of
// the operations page. They are recorded with make histories; old ones stay for as long
// as such runs may be in flight.
const recordedHistories = 16

func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	require.Len(t, files, recordedHistories)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			history, err := client.HistoryFromJSON(bytes.NewReader(data), client.HistoryJSONOptions{})
			require.NoError(t, err)
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(BulkCall)
			require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: "replayed", RunID: runOf(history)},
			}))
		})
	}
}

// runOf is the run of a history. Only of one that was reset is it not that of the first
// event, which a replayer takes.
func runOf(history *historypb.History) (run string) {
	for _, event := range history.GetEvents() {
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			run = started.GetOriginalExecutionRunId()
		}
		if reset := event.GetWorkflowTaskFailedEventAttributes(); reset.GetNewRunId() != "" {
			run = reset.GetNewRunId()
		}
	}
	return run
}
