package input

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"longhaul/job"
)

// csvFormat makes every row after the header an object of strings, its fields in the
// header's order.
type csvFormat struct {
	text
	// keepCRLF keeps a CRLF in a quoted field. Without, as in jobs of version 0.1, it
	// becomes a line feed.
	keepCRLF bool
}

// open reads the header at the start first. A source without a header has no records.
func (f csvFormat) open(s *source, at position) (scanner, error) {
	header, err := f.rows(s, 0)
	if err != nil {
		return nil, err
	}
	if err := header.readHeader(); err != nil || at == 0 {
		return header, err
	}
	rows, err := f.rows(s, at)
	if err != nil {
		return nil, err
	}
	rows.keys, rows.reader.FieldsPerRecord = header.keys, len(header.keys)
	return rows, nil
}

// csvRows returns one row after the other.
type csvRows struct {
	reader *csv.Reader
	uri    string
	// base is the offset at which the reader began; it counts lines from there.
	base       int64
	fromMiddle bool
	// bounded stops a quote that never ends from filling the memory.
	bounded *boundedReader
	// doubler is nil if a CRLF in a field becomes a line feed.
	doubler *crDoubler
	// doubled is how many bytes the doubler has added to the rows so far.
	doubled int64
	// keys are the header's names as JSON, with the colon.
	keys  []string
	value []byte
	// line is that of the last row's last field.
	line int
}

func (f csvFormat) rows(s *source, at position) (*csvRows, error) {
	content, offset, err := f.from(s, at)
	if err != nil {
		return nil, err
	}
	rows := &csvRows{uri: s.uri, base: offset, fromMiddle: at > 0, bounded: &boundedReader{Reader: content}}
	rows.reader = csv.NewReader(bufio.NewReaderSize(rows.bounded, bufferBytes))
	if f.keepCRLF {
		rows.doubler = &crDoubler{source: rows.bounded}
		rows.reader = csv.NewReader(bufio.NewReaderSize(rows.doubler, bufferBytes))
	}
	rows.reader.ReuseRecord = true
	return rows, nil
}

func (c *csvRows) readHeader() error {
	header, _, err := c.row()
	if errors.Is(err, io.EOF) {
		return nil // next returns it again
	}
	if err != nil {
		return err
	}
	seen := make(map[string]int, len(header)) // column numbers, from 1
	for i, name := range header {
		line, _ := c.reader.FieldPos(i)
		switch {
		case !utf8.ValidString(name):
			return notUTF8(c.place(line), []byte(name))
		case name == "":
			return job.Errorf(job.KindInput, c.place(line), "column %d of the header has no name", i+1).
				WithHint("the first row must name the columns")
		case seen[name] > 0:
			// Without the name: in a file without a header it is a value, and the error goes through Temporal.
			return job.Errorf(job.KindInput, c.place(line), "columns %d and %d of the header have the same name", seen[name], i+1).
				WithHint("rename one of them; the first row must name the columns")
		}
		seen[name] = i + 1
		c.keys = append(c.keys, string(appendString(nil, name))+":")
	}
	return nil
}

func (c *csvRows) next() ([]byte, position, error) {
	row, at, err := c.row()
	if err != nil {
		return nil, at, err
	}
	c.value = append(c.value[:0], '{')
	for i, field := range row {
		if !utf8.ValidString(field) {
			line, _ := c.reader.FieldPos(i)
			return nil, at, notUTF8(c.place(line), []byte(field))
		}
		if i > 0 {
			c.value = append(c.value, ',')
		}
		c.value = append(c.value, c.keys[i]...)
		c.value = appendString(c.value, field)
	}
	c.value = append(c.value, '}')
	return c.value, at, nil
}

// row returns the fields of the next row, and where it begins.
func (c *csvRows) row() (fields []string, at position, err error) {
	at = position(c.base + c.reader.InputOffset() - c.doubled)
	c.bounded.read = 0
	if fields, err = c.reader.Read(); err != nil {
		return nil, at, c.fail(err)
	}
	c.line, _ = c.reader.FieldPos(len(fields) - 1)
	if c.doubler != nil && c.doubler.doubled > c.doubled {
		// The doubler is ahead of the row. A CRLF is in a field only if it was doubled.
		for _, field := range fields {
			c.doubled += int64(strings.Count(field, "\r\n"))
		}
	}
	return fields, at, nil
}

// place names a line, as long as lines were counted from the start.
func (c *csvRows) place(line int) string {
	if c.fromMiddle {
		return c.uri
	}
	return fmt.Sprintf("%s: line %d", c.uri, line)
}

func (c *csvRows) fail(err error) error {
	var parse *csv.ParseError
	if errors.Is(err, errTooLong) {
		return job.Errorf(job.KindInput, c.place(c.line+1), "%w", err).WithHint("look there for a quote that does not end")
	}
	if !errors.As(err, &parse) {
		return err
	}
	at := c.place(parse.StartLine)
	if errors.Is(err, csv.ErrFieldCount) {
		return job.Errorf(job.KindInput, at, "the row does not have %d fields as the header has", len(c.keys)).
			WithHint("fix the row, or quote the fields that hold commas")
	}
	return job.Errorf(job.KindInput, at, "%w", parse.Err).
		WithHint("fix the row: a field that holds a quote is put in quotes, and quotes inside it are doubled")
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
