package verify

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"longhaul/job"
)

// lines returns lines without their ends: a line feed, and one carriage return before it.
type lines struct {
	scanner *bufio.Scanner
	number  int64
}

func newLines(r io.Reader, b bounds) lines {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, b.buffer()), int(b.record))
	return lines{scanner: scanner}
}

// line returns the next line; it must be UTF-8.
func (l *lines) line() ([]byte, error) {
	found := l.scanner.Scan()
	l.number++
	switch err := l.scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, l.wrong(err)
	case err != nil: // what was found may be half a line
		return nil, err
	case !found:
		return nil, io.EOF
	case !utf8.Valid(l.scanner.Bytes()):
		return nil, l.wrong(errNotUTF8)
	}
	return l.scanner.Bytes(), nil
}

func (l *lines) wrong(err error) error {
	return job.Errorf(job.KindInput, "line "+strconv.FormatInt(l.number, 10), "%w", err)
}

var errNotUTF8 = errors.New("is not UTF-8")

// jsonLines are the lines that are not blank, each a JSON value with white space around it.
type jsonLines struct{ lines }

func (j *jsonLines) next() ([]byte, error) {
	for {
		line, err := j.line()
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, j.wrong(errors.New("is not JSON"))
		}
		return line, nil
	}
}

// plainLines are all lines, as JSON strings.
type plainLines struct {
	lines
	value []byte
}

func (p *plainLines) next() ([]byte, error) {
	line, err := p.line()
	if err != nil {
		return nil, err
	}
	p.value = appendString(p.value[:0], line)
	return p.value, nil
}

// appendString appends text as a JSON string, as encoding/json writes it without escaping
// <, > and &.
func appendString[T string | []byte](dst []byte, text T) []byte {
	for i := range len(text) {
		// U+2028 and U+2029, which are escaped, begin with 0xe2.
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c == 0xe2 {
			return appendEscaped(dst, string(text))
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, text string) []byte {
	b := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	// A string can always be encoded, and the memory always be written.
	_ = encoder.Encode(text)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
