package input

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"longhaul/job"
)

// csvRows makes every row after the header an object of strings, its fields in
// the header's order.
type csvRows struct {
	reader *csv.Reader
	uri    string
	// base is the object's offset at which the reader began.
	base int64
	// bounded stops a quote that never ends from filling the memory.
	bounded *boundedReader
	// keys are the header's names as JSON, with the colon.
	keys  []string
	value []byte
}

// scanCSV reads the header from the start of the object, then goes on at
// offset. An object without a header has no records.
func (f *File) scanCSV(source io.Reader, offset int64) (scanner, error) {
	if offset == 0 {
		return f.csvHeader(source)
	}
	rows, err := f.csvHeader(io.NewSectionReader(f.object, 0, f.object.Size()))
	if err != nil {
		return nil, err
	}
	rows.bounded = &boundedReader{Reader: source}
	rows.reader = newCSVReader(rows.bounded, len(rows.keys))
	rows.base = offset
	return rows, nil
}

func (f *File) csvHeader(source io.Reader) (*csvRows, error) {
	bounded := &boundedReader{Reader: source}
	buffered := bufio.NewReaderSize(bounded, 64<<10)
	rows := &csvRows{uri: f.uri, base: skipByteOrderMark(buffered), bounded: bounded}
	rows.reader = newCSVReader(buffered, 0)
	header, err := rows.reader.Read()
	if errors.Is(err, io.EOF) {
		return rows, nil
	}
	if err != nil {
		return nil, rows.fail(err)
	}
	seen := make(map[string]bool, len(header))
	for i, name := range header {
		switch {
		case !utf8.ValidString(name):
			return nil, notUTF8(f.uri+": line 1", []byte(name))
		case name == "":
			return nil, job.Errorf(job.KindInput, f.uri+": line 1", "column %d of the header has no name", i+1).
				WithHint("the first row must name the columns")
		case seen[name]:
			return nil, job.Errorf(job.KindInput, f.uri+": line 1", "the header names %q twice", name).WithHint("rename one of the columns")
		}
		seen[name] = true
		rows.keys = append(rows.keys, string(appendString(nil, name))+":")
	}
	return rows, nil
}

func newCSVReader(source io.Reader, fields int) *csv.Reader {
	reader := csv.NewReader(source)
	reader.ReuseRecord = true
	reader.FieldsPerRecord = fields
	return reader
}

func (c *csvRows) next() ([]byte, int64, error) {
	offset := c.base + c.reader.InputOffset()
	c.bounded.read = 0
	row, err := c.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, offset, io.EOF
	}
	if err != nil {
		return nil, offset, c.fail(err)
	}
	c.value = append(c.value[:0], '{')
	for i, field := range row {
		if !utf8.ValidString(field) {
			line, _ := c.reader.FieldPos(i)
			return nil, offset, notUTF8(fmt.Sprintf("%s: line %d", c.uri, line), []byte(field))
		}
		if i > 0 {
			c.value = append(c.value, ',')
		}
		c.value = append(c.value, c.keys[i]...)
		c.value = appendString(c.value, field)
	}
	c.value = append(c.value, '}')
	return c.value, offset, nil
}

func (c *csvRows) fail(err error) error {
	var parse *csv.ParseError
	if errors.Is(err, errTooLong) {
		return job.Errorf(job.KindInput, c.uri, "%w", err).WithHint("look for a quote that does not end")
	}
	if !errors.As(err, &parse) {
		return job.Errorf(job.KindStorage, c.uri, "%w", err)
	}
	at := fmt.Sprintf("%s: line %d", c.uri, parse.StartLine)
	if errors.Is(err, csv.ErrFieldCount) {
		return job.Errorf(job.KindInput, at, "the row does not have %d fields as the header has", len(c.keys)).
			WithHint("fix the row, or quote the fields that hold commas")
	}
	return job.Errorf(job.KindInput, at, "%w", parse.Err).WithHint("fix the row: quotes inside a quoted field are doubled")
}

// boundedReader fails when one record is too long.
type boundedReader struct {
	io.Reader
	read int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.read > maxRecordBytes {
		return 0, errTooLong
	}
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	return n, err
}

// appendString appends s as JSON, without escaping <, > and &.
func appendString(dst []byte, s string) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// Encoding a string into memory cannot fail.
	_ = encoder.Encode(s)
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}
