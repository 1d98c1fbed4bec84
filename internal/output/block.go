package output

import "longhaul/internal/storage"

const (
	// blockSize is how much of a journal is read at once.
	blockSize = 256 << 10
	// blockMargin is how far before a line its block begins: answers come nearly in order.
	blockMargin = blockSize / 8
	// maxMisses is after how many lines outside the block another block is read. One that
	// lies far away is of a slow call, as a rule: its neighbours do not follow.
	maxMisses = 8
)

// block is a part of one journal in memory: a system call for each line would take longer
// than all the rest of a flush.
type block struct {
	source uint32
	offset int64
	data   []byte
	misses int
}

// line returns the bytes of a line in a journal, which are valid until the next call. The
// buffer is for a line that is read by itself.
func (b *block) line(journal storage.Object, source uint32, at location, buffer []byte) (line, grown []byte, err error) {
	if b.has(source, at) {
		b.misses = 0
		return b.data[at.offset-b.offset:][:at.length], buffer, nil
	}
	b.misses++
	end := b.offset + int64(len(b.data))
	follows := at.offset >= end-blockMargin && at.offset < end+blockSize
	if at.length < blockMargin && (source != b.source || b.data == nil || follows || b.misses > maxMisses) {
		if err := b.read(journal, source, at); err != nil {
			return nil, buffer, err
		}
		if b.has(source, at) {
			return b.data[at.offset-b.offset:][:at.length], buffer, nil
		}
	}
	buffer = append(buffer[:0], make([]byte, at.length)...)
	_, err = journal.ReadAt(buffer, at.offset)
	return buffer, buffer, err
}

func (b *block) has(source uint32, at location) bool {
	return source == b.source && at.offset >= b.offset && at.offset+int64(at.length) <= b.offset+int64(len(b.data))
}

// read fills the block, from a little before the line on.
func (b *block) read(journal storage.Object, source uint32, at location) error {
	if b.data == nil {
		b.data = make([]byte, blockSize)
	}
	b.source, b.offset, b.misses = source, max(0, at.offset-blockMargin), 0
	b.data = b.data[:min(int64(cap(b.data)), max(0, journal.Size()-b.offset))]
	n, err := journal.ReadAt(b.data, b.offset)
	b.data = b.data[:n]
	if b.has(source, at) {
		return nil // what lies behind it may be gone
	}
	return err
}
