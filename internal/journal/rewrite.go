package journal

import (
	"bufio"
	"context"
	"errors"
	"io"
)

// Rewriter writes a whole journal of entries that have been in another one, or in a
// part.
type Rewriter struct {
	buffered *bufio.Writer
	line     []byte
}

// Keep writes an entry.
func (r *Rewriter) Keep(e Entry) error {
	r.line = appendEntry(r.line[:0], e)
	_, err := r.buffered.Write(r.line)
	return err
}

// Put writes a whole journal, with what write keeps.
func (s *Set) Put(ctx context.Context, name string, write func(*Rewriter) error) error {
	return s.folder.Put(ctx, name, func(w io.Writer) error {
		r := &Rewriter{buffered: bufio.NewWriterSize(w, 256<<10)}
		if _, err := r.buffered.WriteString(header); err != nil {
			return err
		}
		return errors.Join(write(r), r.buffered.Flush())
	})
}
