package input

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"longhaul/job"
)

// plainLines makes every line a JSON string.
type plainLines struct{ text }

func (p plainLines) open(s *source, at position) (scanner, error) {
	l, err := newLineReader(s, at)
	if err != nil {
		return nil, err
	}
	return &plainLineScanner{lineReader: l}, nil
}

type plainLineScanner struct {
	*lineReader
	value []byte
}

func (p *plainLineScanner) next() ([]byte, position, error) {
	line, at, err := p.line()
	if err != nil {
		return nil, at, err
	}
	p.value = appendString(p.value[:0], string(line))
	return p.value, at, nil
}

// lineReader splits at line feeds; a carriage return before one, and a byte-order mark
// at the start, do not count.
type lineReader struct {
	reader *bufio.Reader
	uri    string
	// offset is where the next line begins.
	offset int64
	// number is the last line's, from 1. It is not known if the reader began in the
	// middle.
	number     int64
	fromMiddle bool
	long       []byte
}

func newLineReader(s *source, at position) (*lineReader, error) {
	reader, offset, err := text{}.from(s, at)
	if err != nil {
		return nil, err
	}
	return &lineReader{reader: reader, uri: s.uri, offset: offset, fromMiddle: at > 0}, nil
}

// line returns the next line and where it begins. It is valid until the next call.
func (l *lineReader) line() (line []byte, at position, err error) {
	at = position(l.offset)
	l.number++
	line, err = l.reader.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.readLong(line)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	l.offset += int64(len(line))
	switch {
	case err != nil:
		return nil, at, err
	case !utf8.Valid(line):
		return nil, at, notUTF8(l.place(), line)
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), at, nil
}

func (l *lineReader) readLong(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	for {
		part, err := l.reader.ReadSlice('\n')
		l.long = append(l.long, part...)
		if len(l.long) > maxRecordBytes {
			return l.long, l.fail(errTooLong).WithHint("keep the large part elsewhere, and put its name into the line")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

func (l *lineReader) place() string {
	if l.fromMiddle {
		return l.uri
	}
	return fmt.Sprintf("%s: line %d", l.uri, l.number)
}

func (l *lineReader) fail(err error) *job.Error {
	return job.Errorf(job.KindInput, l.place(), "%w", err)
}
