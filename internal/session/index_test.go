package session

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

const indexName = "_longhaul/index"

var errDisk = errors.New("input/output error")

// flaky is a store that cannot read indexes as long as it has failures left.
type flaky struct {
	storage.Store
	left atomic.Int64
	// frozen: an index that has changed has its old time.
	frozen atomic.Bool
}

type flakyFolder struct {
	storage.Folder
	store *flaky
}

type flakyObject struct {
	storage.Object
	store *flaky
}

func (f *flaky) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	folder, err := f.Store.Folder(ctx, uri, create)
	return flakyFolder{folder, f}, err
}

func (f flakyFolder) Fenced(token storage.Token) storage.Folder {
	return flakyFolder{f.Folder.Fenced(token), f.store}
}

func (f flakyFolder) Open(ctx context.Context, name string) (storage.Object, error) {
	o, err := f.Folder.Open(ctx, name)
	if name == indexName && err == nil {
		return flakyObject{o, f.store}, nil
	}
	return o, err
}

func (f flakyObject) ReadAt(p []byte, offset int64) (int, error) {
	if f.store.left.Add(-1) >= 0 {
		return 0, errDisk
	}
	return f.Object.ReadAt(p, offset)
}

func (f flakyObject) ModTime() time.Time {
	if f.store.frozen.Load() {
		return time.Time{}
	}
	return f.Object.ModTime()
}

// indexed is a session of a job with 600 records, each a line of five bytes.
func indexed(t *testing.T) (s *Session, store *flaky, raw storage.Folder, log *logs) {
	t.Helper()
	inputs := memory.New()
	inputs.SetInput("in.jsonl", strings.Repeat("1234\n", 600))
	store = &flaky{Store: inputs}
	folder, err := output.Open(t.Context(), store, "out", true)
	require.NoError(t, err)
	folder = folder.Under(outputtest.Claim(t, folder.Claims))
	manifest := job.Manifest{Version: job.LayoutVersion, JobID: "J", Spec: job.DefaultSpec()}
	manifest.Spec.Input.URI, manifest.Spec.Call.Sleep = "in.jsonl", &job.SleepSpec{}
	in, err := input.Open(t.Context(), store, manifest.Spec.Input)
	require.NoError(t, err)
	require.NoError(t, folder.PutIndex(t.Context(), func(w io.Writer) (err error) {
		manifest.Input, err = in.Index(t.Context(), w, func(int64) {})
		return err
	}))
	require.NoError(t, folder.PutManifest(t.Context(), manifest))
	log = &logs{}
	registry := NewRegistry(Options{Store: store, Logger: slog.New(slog.NewTextHandler(log, nil))})
	s, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.NoError(t, err)
	t.Cleanup(func() {
		release()
		require.NoError(t, registry.Close())
	})
	raw, err = inputs.Folder(t.Context(), "out", false)
	require.NoError(t, err)
	return s, store, raw, log
}

// readAll reads the records from first on, and returns how many there are.
func (s *Session) readAll(ctx context.Context, first int64) (count int, err error) {
	for _, err := range s.Records(ctx, job.Range{First: first, Last: 600}) {
		if err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

const writtenAgain = `msg="the index of the input is written again"`

// An index that cannot be read now is not damaged: the chunk is tried again.
func TestAnErrorOfTheDiskIsNoDamageOfTheIndex(t *testing.T) {
	t.Parallel()
	s, store, _, log := indexed(t)
	store.left.Store(1)
	_, err := s.readAll(t.Context(), 300)
	require.ErrorIs(t, err, errDisk)
	require.False(t, job.KindOf(err).Permanent())
	count, err := s.readAll(t.Context(), 300)
	require.NoError(t, err)
	require.Equal(t, 300, count)
	store.left.Store(1)
	_, err = s.readAll(t.Context(), 300)
	require.ErrorIs(t, err, errDisk, "once it was found whole")
	require.False(t, job.KindOf(err).Permanent())
	require.NotContains(t, log.take(), writtenAgain)
}

// Damage is seen also after the index was found whole once in this process.
func TestAnIndexThatIsDamagedLaterIsWrittenAgain(t *testing.T) {
	t.Parallel()
	s, store, raw, log := indexed(t)
	store.frozen.Store(true)
	_, err := s.readAll(t.Context(), 0)
	require.NoError(t, err)
	for name, damage := range map[string]func() error{
		"missing": func() error { return raw.Delete(t.Context(), indexName) },
		"zeros": func() error {
			return raw.Put(t.Context(), indexName, func(w io.Writer) error { _, err := w.Write(make([]byte, 23)); return err })
		},
		"no record there": func() error {
			return raw.Put(t.Context(), indexName, func(w io.Writer) error {
				_, err := w.Write(append(make([]byte, 15), 7, 0, 0, 0, 0, 0, 0, 0, 8))
				return err
			})
		},
	} {
		log.take()
		store.frozen.Store(name != "zeros") // entry 1 is where a record begins: only its time tells
		_, err := s.readAll(t.Context(), 0)
		require.NoError(t, err)
		require.NoError(t, damage(), name)
		count, err := s.readAll(t.Context(), 300)
		require.NoError(t, err, name)
		require.Equal(t, 300, count, name)
		require.Contains(t, log.take(), writtenAgain, name)
	}
}

// Many chunks find the damage at once; one of them writes the index.
func TestTheIndexIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s, _, raw, log := indexed(t)
	require.NoError(t, raw.Delete(t.Context(), indexName))
	var chunks sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		chunks.Go(func() { _, errs[i] = s.readAll(t.Context(), int64(i)) })
	}
	chunks.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 1, strings.Count(log.take(), writtenAgain))

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	s.index.whole.Store(nil)
	s.index.lock <- struct{}{}
	_, err := s.openIndex(canceled, nil)
	require.ErrorIs(t, err, context.Canceled, "while another chunk writes it")
	<-s.index.lock
}
