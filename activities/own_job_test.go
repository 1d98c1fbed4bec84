package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/session"
	"longhaul/job"
)

// testWorkflow is the id that the SDK's test environment gives.
const testWorkflow = "default-test-workflow-id"

// A forger whose task has the id of the real workflow still cannot have another spec, nor
// another folder, done. Nothing that comes from the server is believed.
func TestAForgedTaskWithTheRealWorkflowsID(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	spec := sleepSpec(path("in.txt"))
	spec.Output.URI = path("out")
	own := siteWith(t, "", session.Options{Alone: true, Own: &session.OwnJob{WorkflowID: testWorkflow, Spec: spec}})
	own.root = root
	own.write("in.txt", "x\n")
	own.write("secret.txt", "s\n")

	evil := spec
	evil.Input.URI = path("secret.txt")
	_, err := own.index(evil)
	requireKind(t, err, job.KindRefused, "this worker belongs to a longhaul run with another spec")
	require.NoDirExists(t, path("out"))
	tuned := spec
	tuned.Parallelism, tuned.Rate = 3, 5
	plan, err := own.index(tuned)
	require.NoError(t, err)

	// The forger's folder has a job of his own.
	evil.Output.URI = path("stolen")
	forger := siteWith(t, "", session.Options{Alone: true})
	stolen, err := forger.index(evil)
	require.NoError(t, err)
	chunk := job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}}
	_, err = own.process(stolen.Ref, chunk)
	requireKind(t, err, job.KindRefused, "the spec of this longhaul run does not name it")

	// So has the output folder, if he can write there.
	evilJob, err := os.ReadFile(path("stolen/_longhaul/job.json"))
	require.NoError(t, err)
	realJob, err := os.ReadFile(path("out/_longhaul/job.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path("out/_longhaul/job.json"), evilJob, 0o644))
	forgedRef := plan.Ref
	forgedRef.JobID = stolen.JobID
	_, err = own.process(forgedRef, chunk)
	requireKind(t, err, job.KindRefused, "this worker belongs to a longhaul run with another spec")

	require.NoError(t, os.WriteFile(path("out/_longhaul/job.json"), realJob, 0o644))
	_, err = own.process(plan.Ref, chunk)
	require.NoError(t, err)

	other := siteWith(t, "", session.Options{Alone: true, Own: &session.OwnJob{WorkflowID: "another", Spec: spec}})
	_, err = other.index(spec)
	requireKind(t, err, job.KindRefused, "works for workflow another only")
	_, err = other.process(plan.Ref, chunk)
	requireKind(t, err, job.KindRefused, "works for workflow another only")
}
