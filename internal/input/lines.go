package input

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"longhaul/job"
)

var errTooLong = fmt.Errorf("the record is longer than %d MiB", maxRecordBytes>>20)

var byteOrderMark = []byte("\xef\xbb\xbf")

// lines splits at line feeds; a carriage return before one, and a byte-order
// mark at the start, do not count.
type lines struct {
	reader *bufio.Reader
	uri    string
	// offset is where the next line begins, number is the last line's, from 1;
	// number is of use only if the scan began at the start of the file.
	offset     int64
	number     int64
	fromMiddle bool
	long       []byte
}

func newLines(source io.Reader, uri string, offset int64) *lines {
	l := &lines{reader: bufio.NewReaderSize(source, 64<<10), uri: uri, offset: offset, fromMiddle: offset > 0}
	if offset == 0 {
		l.offset = skipByteOrderMark(l.reader)
	}
	return l
}

func skipByteOrderMark(r *bufio.Reader) int64 {
	start, _ := r.Peek(len(byteOrderMark))
	if !bytes.Equal(start, byteOrderMark) {
		return 0
	}
	skipped, _ := r.Discard(len(byteOrderMark))
	return int64(skipped)
}

func (l *lines) next() (line []byte, offset int64, err error) {
	offset = l.offset
	line, err = l.reader.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.readLong(line)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	l.number++
	l.offset += int64(len(line))
	switch {
	case errors.Is(err, io.EOF):
		return nil, offset, io.EOF
	case err != nil:
		return nil, offset, l.passing(err)
	case !utf8.Valid(line):
		return nil, offset, notUTF8(l.at(), line)
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), offset, nil
}

func (l *lines) readLong(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	for {
		part, err := l.reader.ReadSlice('\n')
		l.long = append(l.long, part...)
		if len(l.long) > maxRecordBytes {
			return l.long, l.fail(errTooLong)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

func (l *lines) at() string {
	if l.fromMiddle {
		return fmt.Sprintf("%s: at byte %d", l.uri, l.offset)
	}
	return fmt.Sprintf("%s: line %d", l.uri, l.number)
}

// passing is for an error of the disk: it may be gone at the next attempt.
func (l *lines) passing(err error) error {
	if errors.Is(err, errTooLong) {
		return err
	}
	return job.Errorf(job.KindStorage, l.uri, "%w", err)
}

func (l *lines) fail(err error) *job.Error {
	return job.Errorf(job.KindInput, l.at(), "%w", err)
}

func notUTF8(at string, start []byte) error {
	err := job.Errorf(job.KindInput, at, "is not UTF-8")
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return err.WithHint("the file is UTF-16: convert it with iconv -f UTF-16 -t UTF-8")
	}
	return err.WithHint("convert the file, for example with iconv -f LATIN1 -t UTF-8")
}

// jsonLines skips blank lines; every other one is a record as it stands.
type jsonLines struct{ *lines }

func (j *jsonLines) next() ([]byte, int64, error) {
	for {
		line, offset, err := j.lines.next()
		if err != nil {
			return nil, offset, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, offset, j.fail(whyInvalid(line)).WithHint("fix the line: each one must hold one JSON value")
		}
		return line, offset, nil
	}
}

func whyInvalid(line []byte) error {
	var value json.RawMessage
	return fmt.Errorf("broken JSON: %w", json.Unmarshal(line, &value))
}

// plainLines makes every line a JSON string.
type plainLines struct {
	*lines
	value []byte
}

func (p *plainLines) next() ([]byte, int64, error) {
	line, offset, err := p.lines.next()
	if err != nil {
		return nil, offset, err
	}
	p.value = appendString(p.value[:0], string(line))
	return p.value, offset, nil
}
