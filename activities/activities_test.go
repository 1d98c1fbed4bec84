package activities_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"longhaul/activities"
	"longhaul/internal/output"
	"longhaul/internal/session"
	"longhaul/internal/verify"
	"longhaul/job"
)

// site is a root with the real activities on it.
type site struct {
	t    *testing.T
	root string
	env  *testsuite.TestActivityEnvironment
	act  *activities.Activities
	jobs *session.Registry
	run  run
}

// newRun is what follows a run that has ended.
func (s *site) newRun() { s.run.number.Add(1) }

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, root: t.TempDir()}
	store, err := output.LocalStore(s.root)
	require.NoError(t, err)
	s.jobs = session.NewRegistry(session.Options{Store: store, Alone: true})
	t.Cleanup(func() { require.NoError(t, s.jobs.Close()) })
	s.act = activities.New(s.jobs)
	var suite testsuite.WorkflowTestSuite
	s.env = suite.NewTestActivityEnvironment()
	s.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&s.run}})
	s.env.RegisterActivity(s.act)
	return s
}

func (s *site) write(name, content string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.root, name), []byte(content), 0o644))
}

func (s *site) index(spec job.Spec) (plan job.Plan, err error) {
	value, err := s.env.ExecuteActivity(s.act.IndexInput, spec)
	return plan, get(value, err, &plan)
}

func (s *site) process(ref job.Ref, chunk job.Chunk) (receipt job.Receipt, err error) {
	value, err := s.env.ExecuteActivity(s.act.ProcessChunk, ref, chunk)
	return receipt, get(value, err, &receipt)
}

func get(value converter.EncodedValue, err error, into any) error {
	if err != nil {
		return err
	}
	return value.Get(into)
}

func sleepSpec(uri string) job.Spec {
	spec := job.DefaultSpec()
	spec.Input.URI, spec.Output.URI = uri, "out"
	spec.Call.Sleep = &job.SleepSpec{}
	return spec
}

func requireKind(t *testing.T, err error, kind job.Kind, message string) {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, string(kind), application.Type())
	require.Equal(t, kind.Permanent(), application.NonRetryable())
	require.Contains(t, application.Message(), message)
}

// The whole way: index, chunks in any order, flush, finish.
func TestARecordsWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.csv", "id,name\n1,Ann\n2,\"Bo\nB\"\n3,Cy\n")
	spec := sleepSpec("in.csv")
	spec.ChunkSize, spec.BatchSize = 2, 2
	plan, err := s.index(spec)
	require.NoError(t, err)
	require.EqualValues(t, 3, plan.Records)
	var journals []job.JournalRef
	for _, r := range []job.Range{{First: 2, Last: 3}, {First: 0, Last: 2}} {
		receipt, err := s.process(plan.Ref, job.Chunk{Range: r, Grant: job.LaneGrant{Calls: 1}})
		require.NoError(t, err)
		require.Equal(t, r, receipt.Range)
		require.Equal(t, r.Len(), receipt.Succeeded)
		journals = append(journals, receipt.Journals...)
	}
	_, err = s.env.ExecuteActivity(s.act.FlushBatch, plan.Ref, job.Batch{Range: job.Range{Last: 3}, Journals: journals})
	require.NoError(t, err)
	_, err = s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
	require.NoError(t, err)
	v, err := verify.Run(t.Context(), s.root, "out")
	require.NoError(t, err)
	require.True(t, v.Proven(), "%+v", v)

	again, err := s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
	require.NoError(t, err, "its answer was lost")
	var summary job.Summary
	require.NoError(t, again.Get(&summary))
	require.EqualValues(t, 3, summary.Succeeded)

	s.newRun()
	plan, err = s.index(spec)
	require.NoError(t, err)
	require.Equal(t, job.Ranges{{First: 0, Last: 3}}, plan.Committed, "begun again, there is nothing to do")
	require.EqualValues(t, 3, plan.Totals.Succeeded)
}

// Each gets one clear error before any call, and nothing that was there is lost.
func TestBadInputIsFoundByIndexing(t *testing.T) {
	t.Parallel()
	var called atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	t.Cleanup(api.Close)
	calling := func(url string) func(*job.Spec) {
		return func(s *job.Spec) {
			s.Call = httpSpec("", url).Call
		}
	}
	for name, c := range map[string]struct {
		uri, content, message string
		kind                  job.Kind
		change                func(*job.Spec)
	}{
		"missing":            {"none.jsonl", "", "none.jsonl: there is no such file", job.KindInput, nil},
		"a folder":           {"folder.jsonl", "", "folder.jsonl: is a folder", job.KindInput, nil},
		"broken JSON":        {"in.jsonl", "1\n{\n", "in.jsonl: line 2: broken JSON", job.KindInput, nil},
		"fields":             {"in.csv", "a,b\n1\n", "in.csv: line 2: the row does not have 2 fields", job.KindInput, nil},
		"not UTF-8":          {"in.txt", "a\n\xff\n", "in.txt: line 2: is not UTF-8", job.KindInput, nil},
		"outside":            {"../in.jsonl", "", "../in.jsonl: the path leaves the worker's root", job.KindSpec, nil},
		"output outside":     {"in.jsonl", "1\n", "../out: the path leaves the worker's root", job.KindSpec, func(s *job.Spec) { s.Output.URI = "../out" }},
		"output is a file":   {"in.jsonl", "1\n", "in.jsonl: is not a folder", job.KindOutput, func(s *job.Spec) { s.Output.URI = "in.jsonl" }},
		"out of range":       {"in.jsonl", "1\n", "parallelism: 0 is out of range", job.KindSpec, func(s *job.Spec) { s.Parallelism = 0 }},
		"template":           {"in.jsonl", "1\n", "call.http.url: the template does not parse", job.KindSpec, calling("http://x/{{")},
		"missing field":      {"in.jsonl", "{\"id\":1}\n", `record 0: call.http.url: the record has no field no; it has id`, job.KindSpec, calling(api.URL + "/{{.no}}")},
		"broken after first": {"in.jsonl", "{\"id\":1}\n}\n", "in.jsonl: line 2: broken JSON", job.KindInput, calling(api.URL + "/{{.id}}")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			require.NoError(t, os.Mkdir(filepath.Join(s.root, "folder.jsonl"), 0o755))
			if c.content != "" {
				s.write(c.uri, c.content)
			}
			spec := sleepSpec(c.uri)
			if c.change != nil {
				c.change(&spec)
			}
			before := tree(t, s.root)
			_, err := s.index(spec)
			requireKind(t, err, c.kind, c.message)
			require.Zero(t, called.Load())
			require.Equal(t, before, tree(t, s.root), "nothing outside output.uri has changed")
			require.NoFileExists(t, filepath.Join(s.root, "out", "_longhaul", "job.json"))
		})
	}
}

// tree is every file outside the output folder with its content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.HasPrefix(path, filepath.Join(root, "out")) {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

func TestAFixedInputIsTakenAfterABrokenOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.jsonl", "{\n")
	_, err := s.index(sleepSpec("in.jsonl"))
	require.Error(t, err)
	s.write("in.jsonl", "{}\n")
	s.newRun()
	plan, err := s.index(sleepSpec("in.jsonl"))
	require.NoError(t, err)
	require.EqualValues(t, 1, plan.Records)
}

func TestEmptyInputs(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"empty.jsonl": "", "empty.csv": "", "header.csv": "a,b\n", "blank.jsonl": "\n\n"} {
		s := newSite(t)
		s.write(name, content)
		plan, err := s.index(sleepSpec(name))
		require.NoError(t, err)
		require.Zero(t, plan.Records)
		_, err = s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
		require.NoError(t, err)
		v, err := verify.Run(t.Context(), s.root, "out")
		require.NoError(t, err)
		require.True(t, v.Proven(), name)
	}
}

func TestAnotherJobsFolderIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.jsonl", "1\n2\n")
	spec := sleepSpec("in.jsonl")
	_, err := s.index(spec)
	require.NoError(t, err)
	before := content(t, s.root, "out/_longhaul/job.json")

	s.write("other.jsonl", "1\n3\n")
	_, err = s.index(sleepSpec("other.jsonl"))
	requireKind(t, err, job.KindOutput, "this output folder belongs to a job with another input (2 records")
	other := spec
	other.BatchSize = 7
	_, err = s.index(other)
	requireKind(t, err, job.KindOutput, "chunk_size × batch_size")
	require.Equal(t, before, content(t, s.root, "out/_longhaul/job.json"))

	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(s.root, "in.jsonl"), later, later))
	_, err = s.index(spec)
	require.NoError(t, err, "touched, but of the same content")
}

func content(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(data)
}

func TestTheInputMayBeLeftOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "x\n")
	spec := sleepSpec("in.txt")
	spec.Output.IncludeInput = false
	plan, err := s.index(spec)
	require.NoError(t, err)
	receipt, err := s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
	require.NoError(t, err)
	_, err = s.env.ExecuteActivity(s.act.FlushBatch, plan.Ref, job.Batch{Range: job.Range{Last: 1}, Journals: receipt.Journals})
	require.NoError(t, err)
	_, err = s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(content(t, s.root, "out/part-000000.jsonl"), `{"index":0,"output":"x","attempts":1,`))
	v, err := verify.Run(t.Context(), s.root, "out")
	require.NoError(t, err)
	require.True(t, v.Proven(), "%+v", v)
}

// Refused, a job takes nothing away from the one whose folder it is.
func TestARefusedJobDoesNotFenceTheRealOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "x\ny\n")
	plan, err := s.index(sleepSpec("in.txt"))
	require.NoError(t, err)
	other := sleepSpec("in.txt")
	other.BatchSize = 9
	_, err = s.index(other)
	requireKind(t, err, job.KindOutput, "chunk_size × batch_size")
	_, err = s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 2}, Grant: job.LaneGrant{Calls: 1}})
	require.NoError(t, err)
}

// Another file of the same size and time is another input.
func TestTheInputsNameCountsToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	when := time.Now().Add(-time.Hour)
	for name, text := range map[string]string{"a.txt": "x\n", "b.txt": "y\n"} {
		s.write(name, text)
		require.NoError(t, os.Chtimes(filepath.Join(s.root, name), when, when))
	}
	_, err := s.index(sleepSpec("a.txt"))
	require.NoError(t, err)
	_, err = s.index(sleepSpec("b.txt"))
	requireKind(t, err, job.KindOutput, "another input")
}

func TestVerifyAcceptsATouchedInputButNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "")
	plan, err := s.index(sleepSpec("in.txt"))
	require.NoError(t, err)
	_, err = s.env.ExecuteActivity(s.act.FinishJob, plan.Ref)
	require.NoError(t, err)
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(s.root, "in.txt"), later, later))
	v, err := verify.Run(t.Context(), s.root, "out")
	require.NoError(t, err)
	require.True(t, v.Proven())
	s.write("in.txt", "x\n")
	v, err = verify.Run(t.Context(), s.root, "out")
	require.NoError(t, err)
	require.False(t, v.Proven())
	require.Len(t, v.Problems, 1)
	require.Contains(t, v.Problems[0].Text, "in.txt is not the input that the job has read")
}
