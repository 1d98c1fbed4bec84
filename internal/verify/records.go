package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"

	"longhaul/internal/storage"
	"longhaul/job"
)

// maxRecordBytes bounds a record. Those of a job have 64 MiB at most, with the end of
// their line.
const maxRecordBytes = 64<<20 + 128<<10

var byteOrderMark = []byte("\xef\xbb\xbf")

// records returns one record after the other, as JSON, valid until the next call; io.EOF
// after the last one. Content that no job can have is an error of kind job.KindInput.
type records interface {
	next() ([]byte, error)
}

// input is the input of a job, read once from start to end. All that is known of it was
// counted and computed here.
type input struct {
	uri     string
	records records
	// object and content are nil for a count.
	object  storage.Object
	content *content
	// passed counts the records that were passed; value is the next one, if it was looked
	// at already.
	passed int64
	value  []byte
	err    error
}

// content is what is read of an object, with its digest.
type content struct {
	io.Reader
	sum  hash.Hash
	size int64
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.sum.Write(p[:n])
	c.size += int64(n)
	return n, err
}

// openInput opens the input of a job, to be read as the job has read it.
func openInput(ctx context.Context, store storage.Store, m manifest) (*input, error) {
	spec := m.Spec.Input
	if spec.Count != nil {
		return &input{uri: "input.count", records: &count{last: *spec.Count}}, nil
	}
	object, err := store.Open(ctx, spec.URI)
	if err != nil {
		return nil, err
	}
	in := &input{uri: spec.URI, object: object, content: &content{Reader: storage.NewReader(object), sum: sha256.New()}}
	in.records, err = newRecords(in.content, bounds{object.Size(), maxRecordBytes}, spec.ResolvedFormat(), m.Input.FormatVersion)
	if err != nil {
		return nil, errors.Join(err, object.Close())
	}
	return in, nil
}

// bounds are those of what is kept in memory: the size of the object, and that of a record.
type bounds struct{ object, record int64 }

// buffer is how much is read at once.
func (b bounds) buffer() int { return int(min(b.object+1, bufferBytes)) }

func newRecords(r io.Reader, b bounds, format job.Format, version int) (records, error) {
	r, err := withoutByteOrderMark(r)
	switch {
	case err != nil:
		return nil, err
	case format == job.FormatJSONL && version == 0:
		return &jsonLines{lines: newLines(r, b)}, nil
	case format == job.FormatLines && version == 0:
		return &plainLines{lines: newLines(r, b)}, nil
	case format == job.FormatCSV && (version == 0 || version == 1):
		// Version 0 is that of Longhaul 0.1.
		return newCSV(r, b, version == 1), nil
	}
	return nil, job.Errorf(job.KindOutput, manifestName, "version %d of the input format %q is not known here", version, format).
		WithHint("use the Longhaul that wrote it, or a later one")
}

func withoutByteOrderMark(r io.Reader) (io.Reader, error) {
	start := make([]byte, len(byteOrderMark))
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if bytes.Equal(start[:n], byteOrderMark) {
		return r, nil
	}
	return io.MultiReader(bytes.NewReader(start[:n]), r), nil
}

// more looks at the next record; false at the end.
func (in *input) more() (bool, error) {
	if in.value == nil && in.err == nil {
		in.value, in.err = in.records.next()
	}
	if errors.Is(in.err, io.EOF) {
		return false, nil
	}
	return in.err == nil, in.err
}

// pass goes on to the record after the one that more has found.
func (in *input) pass() {
	in.value = nil
	in.passed++
}

// passUntil passes records until so many were passed, or there are no more.
func (in *input) passUntil(passed int64) error {
	if c, ok := in.records.(*count); ok && in.passed < passed {
		c.value = max(c.value, min(passed, c.last))
		in.value, in.passed = nil, c.value
		return nil
	}
	for in.passed < passed {
		more, err := in.more()
		if err != nil || !more {
			return err
		}
		in.pass()
	}
	return nil
}

// digest reads the rest, and returns the digest of the whole content in hex, and its size.
func (in *input) digest() (sum string, size int64, err error) {
	if _, err := io.Copy(io.Discard, in.content); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(in.content.sum.Sum(nil)), in.content.size, nil
}

func (in *input) close() error {
	if in.object == nil {
		return nil
	}
	return in.object.Close()
}

// count is the numbers from 0 on.
type count struct {
	value, last int64
	text        []byte
}

func (c *count) next() ([]byte, error) {
	if c.value >= c.last {
		return nil, io.EOF
	}
	c.text = strconv.AppendInt(c.text[:0], c.value, 10)
	c.value++
	return c.text, nil
}
