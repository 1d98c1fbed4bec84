package verify

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"longhaul/job"
)

// csvRecords makes each row after the header an object of strings.
type csvRecords struct {
	reader *csv.Reader
	text   *rowText
	// keepCRLF: a CRLF in a quoted field is one. encoding/csv makes a line feed of it.
	keepCRLF bool
	// keys are the header's names as JSON; nil before it was read.
	keys  [][]byte
	value []byte
	// line is where the last row begins.
	line int
}

func newCSV(r io.Reader, b bounds, keepCRLF bool) *csvRecords {
	text := &rowText{source: r, limit: b.record}
	c := &csvRecords{reader: csv.NewReader(bufio.NewReaderSize(text, b.buffer())), text: text, keepCRLF: keepCRLF}
	c.reader.ReuseRecord = true
	return c
}

func (c *csvRecords) next() ([]byte, error) {
	if c.keys == nil {
		if err := c.readHeader(); err != nil {
			return nil, err
		}
	}
	fields, err := c.row()
	if err != nil {
		return nil, err
	}
	c.value = append(c.value[:0], '{')
	for i, field := range fields {
		if i > 0 {
			c.value = append(c.value, ',')
		}
		c.value = append(c.value, c.keys[i]...)
		c.value = append(c.value, ':')
		c.value = appendString(c.value, field)
	}
	c.value = append(c.value, '}')
	return c.value, nil
}

func (c *csvRecords) readHeader() error {
	names, err := c.row()
	if err != nil {
		return err
	}
	seen := map[string]bool{"": true}
	for _, name := range names {
		if seen[name] {
			return c.wrong(errors.New("the header has a name twice, or an empty one"))
		}
		seen[strings.Clone(name)] = true
		c.keys = append(c.keys, appendString(nil, name))
	}
	return nil
}

// row returns the fields of the next row. They must be UTF-8.
func (c *csvRecords) row() ([]string, error) {
	fields, err := c.reader.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) || errors.Is(err, bufio.ErrTooLong) {
		return nil, c.wrong(err)
	}
	if err != nil {
		return nil, err
	}
	c.line, _ = c.reader.FieldPos(0)
	for _, field := range fields {
		if !utf8.ValidString(field) {
			return nil, c.wrong(errNotUTF8)
		}
	}
	text := c.text.until(c.reader.InputOffset())
	if c.keepCRLF && bytes.IndexByte(text, '"') >= 0 {
		return withCRLF(fields, text)
	}
	return fields, nil
}

// withCRLF returns the fields of a row with each CRLF that is in them. The text is that of
// the row and of the blank lines before it.
func withCRLF(fields []string, text []byte) ([]string, error) {
	for {
		rest := bytes.TrimPrefix(bytes.TrimPrefix(text, []byte("\r\n")), []byte("\n"))
		if len(rest) == len(text) {
			break
		}
		text = rest
	}
	row := bytes.TrimSuffix(text, []byte("\r\n"))
	if !bytes.Contains(row, []byte("\r\n")) {
		return fields, nil
	}
	// Each one is between quotes, else the row would have ended there. The row is UTF-8, so
	// that the byte 0xff is in no field.
	marked := append(bytes.ReplaceAll(row, []byte("\r\n"), []byte("\xff\n")), text[len(row):]...)
	fields, err := csv.NewReader(bytes.NewReader(marked)).Read()
	for i, field := range fields {
		fields[i] = strings.ReplaceAll(field, "\xff\n", "\r\n")
	}
	return fields, err
}

func (c *csvRecords) wrong(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return job.Errorf(job.KindInput, "line "+strconv.Itoa(parse.StartLine), "%w", parse.Err)
	}
	return job.Errorf(job.KindInput, "line "+strconv.Itoa(c.line), "%w", err)
}

// rowText keeps the text that was read since the end of the last row.
type rowText struct {
	source io.Reader
	limit  int64
	text   []byte
	// start is the offset of the text's first byte, ended where the last row has ended.
	start, ended int64
}

func (t *rowText) Read(p []byte) (int, error) {
	t.text = t.text[:copy(t.text, t.text[t.ended-t.start:])]
	t.start = t.ended
	if int64(len(t.text)) > t.limit {
		return 0, bufio.ErrTooLong
	}
	n, err := t.source.Read(p)
	t.text = append(t.text, p[:n]...)
	return n, err
}

// until returns the text from the end of the last row to this one's, valid until the next
// read.
func (t *rowText) until(end int64) []byte {
	text := t.text[t.ended-t.start : end-t.start]
	t.ended = end
	return text
}
