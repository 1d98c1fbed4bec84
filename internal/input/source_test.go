package input

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// counted counts the bytes that are read of an object.
type counted struct {
	memory
	read atomic.Int64
}

func (c *counted) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.memory.ReadAt(p, offset)
	c.read.Add(int64(n))
	return n, err
}

func TestTheInputIsReadOnceForIndexAndDigest(t *testing.T) {
	t.Parallel()
	for name, c := range contents() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := file(c.content, c.format)
			object := &counted{memory: f.object.(memory)}
			f.object = object
			fingerprint, err := f.Index(t.Context(), io.Discard, func(int64) {})
			require.NoError(t, err)
			sum := sha256.Sum256([]byte(c.content))
			require.Equal(t, hex.EncodeToString(sum[:]), fingerprint.SHA256)
			require.EqualValues(t, len(c.content), object.read.Load())
		})
	}
}

// cut is an object that has become shorter since it was opened.
type cut struct {
	memory
	at int64
}

func (c cut) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= c.at {
		return 0, io.EOF
	}
	n, _ := c.memory.ReadAt(p[:min(int64(len(p)), c.at-offset)], offset)
	return n, io.EOF
}

func TestAFileThatBecomesShorterIsNotIndexed(t *testing.T) {
	t.Parallel()
	f := file(strings.Repeat("1\n", 10), job.FormatJSONL)
	f.object = cut{f.object.(memory), 10}
	_, err := f.Index(context.Background(), io.Discard, func(int64) {})
	require.ErrorContains(t, err, "in: became shorter while it was read: 10 of 20 bytes are left; start the job when")
	require.Equal(t, job.KindInput, job.KindOf(err))
}

// failing is an object whose storage fails at an offset.
type failing struct {
	memory
	at int64
}

var errDisk = errors.New("input/output error")

func (f failing) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > f.at {
		return 0, errDisk
	}
	return f.memory.ReadAt(p, offset)
}

func TestAnErrorOfTheStorageMayPass(t *testing.T) {
	t.Parallel()
	for name, c := range contents() {
		for _, at := range []int64{0, 1 << 20} {
			f := file(c.content, c.format)
			f.object = failing{f.object.(memory), at}
			_, err := f.Index(t.Context(), io.Discard, func(int64) {})
			require.ErrorIs(t, err, errDisk, name)
			require.EqualError(t, err, "in: input/output error")
			require.Equal(t, job.KindStorage, job.KindOf(err), name)
		}
	}
}

func TestTheDigestTakesEachByteOnce(t *testing.T) {
	t.Parallel()
	content := []byte("0123456789")
	s := &source{object: memory{bytes.NewReader(content)}, digest: newDigest()}
	for _, r := range [][2]int64{{8, 10}, {0, 3}, {1, 2}, {2, 5}, {6, 8}, {0, 5}} {
		_, err := s.ReadAt(make([]byte, r[1]-r[0]), r[0])
		require.NoError(t, err)
	}
	got, err := s.sha256()
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), got)
}
