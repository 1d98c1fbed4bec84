package verify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"longhaul/internal/storage"
	"longhaul/job"
)

// noRecord is the index of no record: a part has ended.
const noRecord = -1

// maxLineBytes bounds a line of a part: a record and an answer, of 1 GiB at most.
const maxLineBytes = 2 << 30

// line is a line of a part, as far as it is compared with anything.
type line struct {
	Index     int64 `json:"index"`
	Input     value `json:"input"`
	Output    value `json:"output"`
	Error     value `json:"error"`
	Attempts  int64 `json:"attempts"`
	Throttled int64 `json:"throttled"`
	Outage    int64 `json:"outage"`
}

// value is JSON as it stands in a line.
type value struct {
	text    []byte
	present bool
}

func (v *value) UnmarshalJSON(text []byte) error {
	v.text, v.present = append(v.text[:0], text...), true
	return nil
}

func (l *line) decode(text []byte) error {
	*l = line{Index: noRecord, Input: value{text: l.Input.text}, Output: value{text: l.Output.text}, Error: value{text: l.Error.text}}
	err := json.Unmarshal(text, l)
	switch {
	case err != nil:
		return err
	case l.Index < 0:
		return errors.New("it has no index")
	}
	return nil
}

// hasFailed says whether the line is one of an errors part.
func (l *line) hasFailed() bool {
	return l.Error.present && string(l.Error.text) != "null"
}

// part is a part, or an errors part, that is read from start to end.
type part struct {
	name   string
	digest partDigest
	// errors says that it is an errors part.
	errors bool
	// missing: there is no such object, although the commit names it. whole: it has the
	// digest that the commit says.
	missing, whole bool

	object storage.Object
	source *content
	// reader is nil if there is nothing to read; buffered is kept for the next part.
	reader, buffered *bufio.Reader
	long             []byte

	// line is the next one; its index is noRecord at the end.
	line line
	// found is what is wrong with it; only the first thing, because one makes many.
	found string
	// againstInput: it may be the input that is wrong, and not the part.
	againstInput bool
}

// bufferBytes is how much is read at once.
const bufferBytes = 256 << 10

// open opens another part, with the buffers of the last one. One that no commit names has
// no lines.
func (p *part) open(ctx context.Context, folder storage.Folder, digest *partDigest) error {
	*p = part{line: p.line, errors: p.errors, buffered: p.buffered, long: p.long}
	p.line.Index = noRecord
	if digest == nil {
		p.whole = true
		return nil
	}
	p.name, p.digest = digest.Name, *digest
	object, err := folder.Open(ctx, p.name)
	if errors.Is(err, fs.ErrNotExist) {
		p.missing = true
		return nil
	}
	if err != nil {
		return err
	}
	p.object = object
	p.source = &content{Reader: storage.NewReader(object), sum: sha256.New()}
	if size := int(min(object.Size()+1, bufferBytes)); p.buffered == nil || p.buffered.Size() < size {
		p.buffered = bufio.NewReaderSize(nil, size)
	}
	p.reader = p.buffered
	p.reader.Reset(p.source)
	return p.advance()
}

// wrong keeps what is wrong with it, if it is the first thing; differs is for what is not
// as in the input.
func (p *part) wrong(format string, args ...any) {
	if p.found == "" {
		p.found = fmt.Sprintf(format, args...)
	}
}

func (p *part) differs(format string, args ...any) {
	p.againstInput = p.againstInput || p.found == ""
	p.wrong(format, args...)
}

// advance reads the next line. An error is one of the storage.
func (p *part) advance() error {
	if p.reader == nil {
		p.line.Index = noRecord
		return nil
	}
	last := p.line.Index
	text, err := p.text()
	switch {
	case errors.Is(err, io.EOF) && len(text) == 0:
		p.line.Index = noRecord
		return nil
	case errors.Is(err, io.EOF):
		err = errors.New("its last line has no line feed")
	case errors.Is(err, errLongLine):
	case err != nil:
		return err
	default:
		err = p.line.decode(text[:len(text)-1])
	}
	if err != nil {
		p.wrong("the line after %s is broken: %v", lineOf(last), err)
		p.line.Index = noRecord
	}
	return nil
}

func lineOf(record int64) string {
	if record == noRecord {
		return "the beginning"
	}
	return fmt.Sprintf("that of record %d", record)
}

var errLongLine = errors.New("it does not end")

// text returns the next line with its line feed, valid until the next call.
func (p *part) text() ([]byte, error) {
	text, err := p.reader.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	p.long = append(p.long[:0], text...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(p.long) > maxLineBytes {
			return nil, errLongLine
		}
		text, err = p.reader.ReadSlice('\n')
		p.long = append(p.long, text...)
	}
	return p.long, err
}

// take compares the line with the record that it is of, and counts it.
func (p *part) take(record []byte, index int64, includeInput bool, totals *job.Totals) error {
	l := &p.line
	switch failed := l.hasFailed(); {
	case failed != p.errors || l.Output.present == failed:
		p.wrong("record %d has no %s", index, map[bool]string{false: "output", true: "error"}[p.errors])
	case includeInput != l.Input.present, includeInput && !isRecord(l.Input.text, record):
		p.differs("the input of record %d is not what the input has there", index)
	}
	totals.Attempts += l.Attempts
	totals.Throttled += l.Throttled
	totals.Outage += l.Outage
	if p.errors {
		totals.Failed++
	} else {
		totals.Succeeded++
	}
	return p.advance()
}

// isRecord says whether the text is the record. White space that would end a line is left
// out of parts.
func isRecord(text, record []byte) bool {
	if bytes.IndexByte(record, '\r') < 0 {
		return bytes.Equal(text, record)
	}
	var compact bytes.Buffer
	return json.Compact(&compact, record) == nil && bytes.Equal(text, compact.Bytes())
}

// finish reads the rest, and compares size and digest with those of the commit.
func (p *part) finish() error {
	if p.reader == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, p.reader); err != nil {
		return err
	}
	sum := hex.EncodeToString(p.source.sum.Sum(nil))
	if p.whole = sum == p.digest.SHA256 && p.source.size == p.digest.Bytes; p.whole {
		return nil
	}
	p.againstInput = false
	differs := fmt.Sprintf("its sha256 is %.12s… (%d bytes), its commit says %.12s… (%d bytes)", sum, p.source.size, p.digest.SHA256, p.digest.Bytes)
	if p.found != "" {
		differs = p.found + "; " + differs
	}
	p.found = differs
	return nil
}

func (p *part) close() {
	if p.object != nil {
		// It was only read.
		_ = p.object.Close()
		p.object = nil
	}
}
