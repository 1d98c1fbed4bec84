package input

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// entryBytes is the size of one position in the index: big endian.
const entryBytes = 8

func appendEntry(dst []byte, at position) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(at))
}

// rebuildHint is safe to follow: a job that is started again checks its index and
// writes a damaged one anew.
const rebuildHint = "start the job again with the same spec: it writes the index again from the input, and keeps every answer"

// Index is what Input.Index has written, in an object.
type Index struct {
	object storage.Object
	uri    string
}

// NewIndex is the index in an object. The uri is for errors. Close closes the object too.
func NewIndex(object storage.Object, uri string) *Index { return &Index{object, uri} }

// OpenIndex opens an index; one that is missing is an error that says what to do. The
// uri is for errors.
func OpenIndex(uri string, open func() (storage.Object, error)) (*Index, error) {
	object, err := open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, uri, "is missing: %w", fs.ErrNotExist).WithHint(rebuildHint)
	}
	if err != nil {
		return nil, err
	}
	return NewIndex(object, uri), nil
}

// ModTime is when the object was changed last.
func (x *Index) ModTime() time.Time { return x.object.ModTime() }

// Close gives the object back.
func (x *Index) Close() error { return x.object.Close() }

// at returns an entry.
func (x *Index) at(entry int64) (position, error) {
	var b [entryBytes]byte
	_, err := x.object.ReadAt(b[:], entry*entryBytes)
	if errors.Is(err, io.EOF) && entry*entryBytes+entryBytes > x.object.Size() {
		return 0, x.damaged("it has %d bytes, and no entry %d", x.object.Size(), entry)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, x.unreadable(err)
	}
	return position(binary.BigEndian.Uint64(b[:])), nil
}

// check reads the whole index. It must have an entry for every step-th record, each
// higher than the one before, all of them contained in the input, and its digest. A job of
// version 0.1 has no digest of it.
func (x *Index) check(of job.Fingerprint, step int64, contains func(position) bool) error {
	if of.IndexStep != step {
		return x.damaged("it has every %dth record, not every %dth", of.IndexStep, step)
	}
	entries := (of.Records + step - 1) / step
	if size := x.object.Size(); size != entries*entryBytes {
		return x.damaged("it has %d bytes; %d records make %d", size, of.Records, entries*entryBytes)
	}
	sum := sha256.New()
	reader := bufio.NewReaderSize(io.TeeReader(storage.NewReader(x.object), sum), 64<<10)
	var b [entryBytes]byte
	var last position
	for entry := range entries {
		if _, err := io.ReadFull(reader, b[:]); err != nil {
			return x.unreadable(err)
		}
		at := position(binary.BigEndian.Uint64(b[:]))
		if entry > 0 && at <= last {
			return x.damaged("entry %d is not higher than the one before", entry)
		}
		if !contains(at) {
			return x.outside(entry)
		}
		last = at
	}
	if found := hex.EncodeToString(sum.Sum(nil)); of.IndexSHA256 != "" && found != of.IndexSHA256 {
		return x.damaged("its sha256 is %.12s…, job.json says %.12s…", found, of.IndexSHA256)
	}
	return nil
}

func (x *Index) outside(entry int64) error {
	return x.damaged("entry %d points behind the end of the input", entry)
}

// damaged is permanent.
func (x *Index) damaged(format string, args ...any) error {
	return job.Errorf(job.KindOutput, x.uri, "is damaged: "+format, args...).WithHint(rebuildHint)
}

// unreadable may pass.
func (x *Index) unreadable(err error) error {
	return job.Errorf(job.KindStorage, x.uri, "cannot be read: %w", err)
}
