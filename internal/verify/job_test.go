package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/internal/verify"
	"longhaul/job"
)

// site is a store with the input and the output of one job, written by those who write them
// in a worker.
type site struct {
	inputs storage.Store
	storage.Folder
	uri string
}

// finish runs a job to its end: batches of the spec's size, the answer is the record, and
// every record with a 4 in it has failed.
func finish(t testing.TB, in job.InputSpec, content string, batchRecords int64) *site {
	t.Helper()
	ctx := t.Context()
	store := memory.New()
	if in.Count == nil {
		store.SetInput(in.URI, content)
	}
	spec := job.DefaultSpec()
	spec.Input, spec.Output.URI, spec.Call.Sleep = in, "out", &job.SleepSpec{}
	spec.ChunkSize, spec.BatchSize = batchRecords, 1
	from, err := input.Open(ctx, store, in)
	require.NoError(t, err)
	folder, err := output.Open(ctx, store, "out", true)
	require.NoError(t, err)
	folder = folder.Under(outputtest.Claim(t, folder.Claims))
	manifest := job.Manifest{Version: job.LayoutVersion, JobID: "J", Created: time.Now().UTC(), Spec: spec}
	require.NoError(t, folder.PutIndex(ctx, func(w io.Writer) (err error) {
		manifest.Input, err = from.Index(ctx, w, func(int64) {})
		return err
	}))
	if in.Limit > 0 {
		manifest.Limit = in.Limit
	}
	_, err = folder.CreateManifest(ctx, manifest)
	require.NoError(t, err)
	for first := int64(0); first < manifest.Records(); first += batchRecords {
		r := job.Range{First: first, Last: min(first+batchRecords, manifest.Records())}
		var results []job.Result
		for record, err := range from.Records(nil, r) {
			require.NoError(t, err)
			results = append(results, resultOf(record))
		}
		_, err := folder.Flush(ctx, job.Batch{Range: r, Number: first / batchRecords, Journals: []job.JournalRef{
			outputtest.Write(t, folder.Journals, r, 1, results...),
		}})
		require.NoError(t, err)
	}
	require.NoError(t, folder.PutReport(ctx, func(w io.Writer) error { _, err := io.WriteString(w, "<html>"); return err }))
	require.NoError(t, folder.PutControl(ctx, job.Control{Epoch: 1, Version: 1}))
	_, err = folder.Finish(ctx, job.Ref{JobID: "J", Epoch: 1, Output: "out"}, manifest.Records(), batchRecords)
	require.NoError(t, err)
	raw, err := store.Folder(ctx, "out", false)
	require.NoError(t, err)
	return &site{inputs: store, Folder: raw, uri: in.URI}
}

func resultOf(record job.Record) job.Result {
	r := job.Result{Record: record, Answer: job.Answer{Output: record.Value}, Attempts: 1, Latency: 103200 * time.Microsecond}
	if bytes.Contains(record.Value, []byte("4")) {
		r.Output, r.Failure, r.Attempts = nil, &job.CallError{Kind: "http", Status: 503, Message: "over <loaded>"}, 5
	}
	return r
}

// verified is what verify finds.
func (s *site) verified(t testing.TB) *verify.Result {
	t.Helper()
	v, err := verifier.Output(t.Context(), s.inputs, s)
	require.NoError(t, err)
	return v
}

// refuted returns the one line that says why.
func (s *site) refuted(t testing.TB) string {
	t.Helper()
	v := s.verified(t)
	require.False(t, v.Proven())
	require.Len(t, v.Problems, 1, "one damage, one line")
	return v.Problems[0].Text
}

func (s *site) content(t testing.TB, name string) []byte {
	t.Helper()
	object, err := s.Open(t.Context(), name)
	require.NoError(t, err)
	content, err := io.ReadAll(storage.NewReader(object))
	require.NoError(t, err)
	return content
}

func (s *site) write(t testing.TB, name string, content []byte) {
	t.Helper()
	require.NoError(t, s.Put(t.Context(), name, func(w io.Writer) error { _, err := w.Write(content); return err }))
}

func (s *site) names(t testing.TB) []string {
	t.Helper()
	entries, err := s.List(t.Context(), "")
	require.NoError(t, err)
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name)
	}
	return names
}

// with returns the site with another content of one object, or without it if that is nil.
// The input is the object with an empty name.
func (s *site) with(name string, content []byte) *site {
	if name == "" {
		return &site{inputs: otherInput{s.inputs, content}, Folder: s.Folder, uri: s.uri}
	}
	return &site{inputs: s.inputs, Folder: damaged{s.Folder, name, content}, uri: s.uri}
}

type otherInput struct {
	storage.Store
	content []byte
}

func (o otherInput) Open(_ context.Context, uri string) (storage.Object, error) {
	if o.content == nil {
		return nil, job.Errorf(job.KindInput, uri, "there is no such input")
	}
	return object{bytes.NewReader(o.content)}, nil
}

type damaged struct {
	storage.Folder
	name    string
	content []byte
}

func (d damaged) Open(ctx context.Context, name string) (storage.Object, error) {
	switch {
	case name != d.name:
		return d.Folder.Open(ctx, name)
	case d.content == nil:
		return nil, fs.ErrNotExist
	}
	return object{bytes.NewReader(d.content)}, nil
}

func (d damaged) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	entries, err := d.Folder.List(ctx, prefix)
	if d.content == nil {
		entries = slices.DeleteFunc(entries, func(e storage.Entry) bool { return e.Name == d.name })
	}
	return entries, err
}

type object struct{ *bytes.Reader }

func (o object) Close() error       { return nil }
func (o object) ModTime() time.Time { return time.Time{} }

var verifier verify.Verifier

var errDisk = errors.New("input/output error")

// failing cannot read one object, or the input if its name is empty.
type failing struct {
	storage.Store
	name string
}

func (f failing) Open(ctx context.Context, uri string) (storage.Object, error) {
	o, err := f.Store.Open(ctx, uri)
	if f.name == "" && err == nil {
		return failingObject{o}, nil
	}
	return o, err
}

type failingFolder struct {
	storage.Folder
	name string
}

func (f failingFolder) Open(ctx context.Context, name string) (storage.Object, error) {
	o, err := f.Folder.Open(ctx, name)
	if name == f.name && err == nil {
		return failingObject{o}, nil
	}
	return o, err
}

type failingObject struct{ storage.Object }

// ReadAt gives half a line, and then fails.
func (f failingObject) ReadAt(p []byte, offset int64) (int, error) {
	if offset == 0 {
		n, _ := f.Object.ReadAt(p[:min(len(p), 5)], 0)
		return n, nil
	}
	return 0, errDisk
}
