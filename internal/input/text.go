package input

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"longhaul/job"
)

// bufferBytes is how much of an object is read at once.
const bufferBytes = 64 << 10

var errTooLong = fmt.Errorf("the record is longer than %d MiB", maxRecordBytes>>20)

var byteOrderMark = []byte("\xef\xbb\xbf")

// text is what the formats of lines have in common: a position is the byte offset of
// the line with which a record begins.
type text struct{}

func (text) contains(s *source, at position) bool { return at < position(s.size()) }

// from returns the content from a position on, and its offset: a byte-order mark at the
// start is left out.
func (text) from(s *source, at position) (r *bufio.Reader, offset int64, err error) {
	// The byte before tells whether a line begins here.
	offset = max(int64(at)-1, 0)
	r = bufio.NewReaderSize(io.NewSectionReader(s, offset, s.size()-offset), bufferBytes)
	if at == 0 {
		return r, skipByteOrderMark(r), nil
	}
	before, err := r.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil, 0, errMisplaced
	case err != nil:
		return nil, 0, err
	case before != '\n' && (at != position(len(byteOrderMark)) || !beginsWithMark(s)):
		return nil, 0, errMisplaced
	}
	return r, int64(at), nil
}

func beginsWithMark(s *source) bool {
	var start [3]byte
	_, _ = s.ReadAt(start[:], 0) // an error comes again with the next read
	return bytes.Equal(start[:], byteOrderMark)
}

func skipByteOrderMark(r *bufio.Reader) int64 {
	start, _ := r.Peek(len(byteOrderMark)) // an error comes again with the next read
	if !bytes.Equal(start, byteOrderMark) {
		return 0
	}
	skipped, _ := r.Discard(len(byteOrderMark))
	return int64(skipped)
}

func notUTF8(at string, start []byte) error {
	err := job.Errorf(job.KindInput, at, "is not UTF-8")
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return err.WithHint("the file is UTF-16: convert it with iconv -f UTF-16 -t UTF-8")
	}
	return err.WithHint("convert the file, for example with iconv -f LATIN1 -t UTF-8")
}

// appendString appends s, which is valid UTF-8, as JSON, byte for byte as encoding/json
// does without escaping <, > and &.
func appendString(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, '"')
	copied := 0
	for i := range len(s) {
		var short byte
		switch c := s[i]; {
		case c == '"', c == '\\':
			short = c
		case c == '\n':
			short = 'n'
		case c == '\r':
			short = 'r'
		case c == '\t':
			short = 't'
		case c < ' ', c == 0xe2: // U+2028 and U+2029, which are escaped, begin with 0xe2
			return appendEncoded(dst[:start], s)
		default:
			continue
		}
		dst = append(dst, s[copied:i]...)
		dst = append(dst, '\\', short)
		copied = i + 1
	}
	dst = append(dst, s[copied:]...)
	return append(dst, '"')
}

// appendEncoded is slower, and knows every character.
func appendEncoded(dst []byte, s string) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// Encoding a string into memory cannot fail.
	_ = encoder.Encode(s)
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}
