package output

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

// stalling is a folder that stops before one of its operations, for as long as meanwhile
// takes.
type stalling struct {
	storage.Folder
	at        int64
	meanwhile func()
	// count is shared by all views of the folder.
	count *atomic.Int64
}

func (s stalling) step() {
	if s.count.Add(1) == s.at {
		s.meanwhile()
	}
}

func (s stalling) Fenced(token storage.Token) storage.Folder {
	s.Folder = s.Folder.Fenced(token)
	return s
}

func (s stalling) Attempt(ctx context.Context, step string, work func(storage.Folder) error) error {
	s.step()
	return s.Folder.Attempt(ctx, step, func(f storage.Folder) error {
		s.Folder = f
		return work(s)
	})
}

func (s stalling) Open(ctx context.Context, name string) (storage.Object, error) {
	s.step()
	return s.Folder.Open(ctx, name)
}

func (s stalling) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	s.step()
	return s.Folder.List(ctx, prefix)
}

// inside is a write during which the process may stop, before it begins and before it
// takes effect.
func (s stalling) inside(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		err := write(w)
		s.step()
		return err
	}
}

func (s stalling) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	s.step()
	return s.Folder.Put(ctx, name, s.inside(write))
}

func (s stalling) PutIfAbsent(ctx context.Context, name string, write func(io.Writer) error) error {
	s.step()
	return s.Folder.PutIfAbsent(ctx, name, s.inside(write))
}

func (s stalling) Delete(ctx context.Context, names ...string) error {
	s.step()
	return s.Folder.Delete(ctx, names...)
}

// tree is the content of all files but the claims, each of which is its owner's, and what
// is half written.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "/owner/") || strings.Contains(path, scratchDir) {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

// stalledStep is a step of a job that stops somewhere, and what was there before it.
type stalledStep struct {
	prepare func(t *testing.T, f *Folder)
	run     func(ctx context.Context, f *Folder) error
}

var stalledSteps = map[string]stalledStep{
	"flush": {
		prepare: func(t *testing.T, f *Folder) { writeJournal(t, f, parttest.Failure(0), parttest.Success(1)) },
		run: func(ctx context.Context, f *Folder) error {
			_, err := f.Flush(ctx, batchOf(ctx, f))
			return err
		},
	},
	"finish": {
		prepare: flushed,
		run: func(ctx context.Context, f *Folder) error {
			_, err := f.Finish(ctx, job.Ref{JobID: "J", Epoch: f.token.Epoch}, 2, 2)
			return err
		},
	},
	"redrive": {
		prepare: flushed,
		run: func(ctx context.Context, f *Folder) error {
			if _, _, err := f.Reopen(ctx, all, 2, 2); err != nil {
				return err
			}
			_, _, err := f.Resume(ctx, 2)
			return err
		},
	},
	"manifest": {
		prepare: flushed,
		run: func(ctx context.Context, f *Folder) error {
			if err := f.PutIndex(ctx, func(w io.Writer) error { _, err := io.WriteString(w, "stale"); return err }); err != nil {
				return err
			}
			return f.PutManifest(ctx, job.Manifest{Version: job.LayoutVersion, JobID: "stale"})
		},
	},
	"settings": {
		prepare: flushed,
		run: func(ctx context.Context, f *Folder) error {
			return f.PutControl(ctx, job.Control{Epoch: f.token.Epoch, RunID: "stale", Version: 9})
		},
	},
}

func writeJournal(t *testing.T, f *Folder, results ...job.Result) {
	t.Helper()
	outputtest.Write(t, f.Journals, job.Range{Last: 2}, 1, results...)
}

func flushed(t *testing.T, f *Folder) {
	t.Helper()
	writeJournal(t, f, parttest.Failure(0), parttest.Success(1))
	_, err := f.Flush(t.Context(), batchOf(t.Context(), f))
	require.NoError(t, err)
}

// batchOf is the batch of what is in the journals.
func batchOf(ctx context.Context, f *Folder) job.Batch {
	r := job.Range{Last: 2}
	answered, err := f.Journals.Answered(ctx, r)
	if err != nil {
		return job.Batch{Range: r}
	}
	return job.Batch{Range: r, Journals: answered.Journals}
}

// Whatever a step of an earlier claim is stopped at, and for however long: once a later
// claim was taken, it changes nothing. The later one is a redrive that has finished, the
// worst that can have happened meanwhile.
func TestAStalledStepChangesNothing(t *testing.T) {
	t.Parallel()
	for name, step := range stalledSteps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopEverywhere(t, step, redriven)
		})
	}
}

// The same holds for two attempts at a step under one claim. The later one has other
// answers if a journal was lost between them.
func TestAStalledAttemptChangesNothing(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(*testing.T, *Folder){
		"flush": func(t *testing.T, f *Folder) {
			t.Helper()
			names, err := f.Journals.Names(t.Context())
			require.NoError(t, err)
			require.NoError(t, f.store.Delete(t.Context(), names...))
			if _, err := f.Commit(t.Context(), 0); err == nil {
				return // the earlier one has done all but delete the journals
			}
			outputtest.Write(t, f.Journals, job.Range{Last: 2}, 2, parttest.Success(0), parttest.Success(1))
			_, err = f.Flush(t.Context(), batchOf(t.Context(), f))
			require.NoError(t, err)
		},
		"settings": func(t *testing.T, f *Folder) {
			t.Helper()
			require.NoError(t, f.PutControl(t.Context(), job.Control{Epoch: f.token.Epoch, RunID: "stale", Version: 10}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopEverywhere(t, stalledSteps[name], func(t *testing.T, dir string, token storage.Token) map[string]string {
				t.Helper()
				later(t, NewFolder(outputtest.Folder(t, dir)).Under(token))
				return tree(t, dir)
			})
		})
	}
}

// stopEverywhere stops a step before each of its operations, and in each of its writes,
// until meanwhile has been done. Then it may change nothing.
func stopEverywhere(t *testing.T, step stalledStep, meanwhile func(*testing.T, string, storage.Token) map[string]string) {
	t.Helper()
	reached := int64(0)
	for at := int64(1); ; at++ {
		dir := t.TempDir()
		before := NewFolder(outputtest.Folder(t, dir))
		before = before.Under(outputtest.Claim(t, before.Claims))
		step.prepare(t, before)
		var after map[string]string
		stalled := stalling{Folder: outputtest.Folder(t, dir), at: at, count: &atomic.Int64{}}
		stalled.meanwhile = func() { after = meanwhile(t, dir, before.token) }
		err := step.run(t.Context(), NewFolder(stalled).Under(before.token))
		if after == nil {
			require.NoError(t, err)
			break // it has fewer operations
		}
		require.Equal(t, after, tree(t, dir), "stopped before operation %d", at)
		reached = at
	}
	require.Positive(t, reached)
	t.Logf("stopped before each of %d operations", reached)
}

// redriven is what another worker does meanwhile: it ends the step, and redrives the job
// to its end with other answers.
func redriven(t *testing.T, dir string, _ storage.Token) map[string]string {
	t.Helper()
	f := NewFolder(outputtest.Folder(t, dir))
	for _, answer := range []job.Result{parttest.Failure(0), parttest.Success(0)} {
		f = f.Under(outputtest.Claim(t, f.Claims))
		_, _, err := f.Reopen(t.Context(), all, 2, 2)
		require.NoError(t, err)
		answered, err := f.Journals.Answered(t.Context(), job.Range{Last: 2})
		require.NoError(t, err)
		if !answered.Has(0) {
			outputtest.Write(t, f.Journals, job.Range{Last: 2}, int32(f.token.Epoch), answer)
		}
		_, err = f.Flush(t.Context(), batchOf(t.Context(), f))
		require.NoError(t, err)
		_, err = f.Finish(t.Context(), job.Ref{JobID: "J", Epoch: f.token.Epoch}, 2, 2)
		require.NoError(t, err)
	}
	files := tree(t, dir)
	require.NotContains(t, files[filepath.Join(dir, PartName(0))], "error")
	require.NotContains(t, files, filepath.Join(dir, ErrorsName(0)))
	return files
}
