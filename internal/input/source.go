package input

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"

	"longhaul/internal/storage"
	"longhaul/job"
)

// source is the content of an object that a format reads.
type source struct {
	object storage.Object
	uri    string
	// digest is nil when nobody asks for one.
	digest *digest
}

func (s *source) size() int64 { return s.object.Size() }

// ReadAt is the object's. An error names the object and is of kind KindStorage: it may
// be gone at the next attempt.
func (s *source) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.object.ReadAt(p, offset)
	if s.digest != nil {
		s.digest.add(p[:n], offset)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		err = job.Errorf(job.KindStorage, s.uri, "%w", err)
	}
	return n, err
}

// sha256 returns the digest of the whole content, in hex. It reads what the format has
// not read, or has read in another order; nothing for a format that reads from start
// to end.
func (s *source) sha256() (string, error) {
	rest := io.NewSectionReader(s, s.digest.upTo, s.size()-s.digest.upTo)
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return "", err
	}
	if s.digest.upTo < s.size() {
		return "", job.Errorf(job.KindInput, s.uri, "became shorter while it was read: %d of %d bytes are left", s.digest.upTo, s.size()).
			WithHint("start the job when the file is complete and nobody writes to it")
	}
	return hex.EncodeToString(s.digest.sum.Sum(nil)), nil
}

// digest is that of the bytes from 0 on, as far as they were read. Reads may overlap,
// and may come from several goroutines.
type digest struct {
	mu   sync.Mutex
	sum  hash.Hash
	upTo int64
}

func newDigest() *digest { return &digest{sum: sha256.New()} }

// add takes the bytes at an offset. It leaves out those that it has, and those that
// lie behind a gap.
func (d *digest) add(p []byte, offset int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.upTo - offset; known >= 0 && known < int64(len(p)) {
		d.sum.Write(p[known:])
		d.upTo = offset + int64(len(p))
	}
}
