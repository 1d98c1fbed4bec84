package output

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"longhaul/job"
)

// Answered reads every journal that overlaps the range, of this run or of any
// earlier one. A torn last line, or a damaged one, does not count.
func (f *Folder) Answered(r job.Range) (*job.Answered, error) {
	answered := job.NewAnswered(r)
	names, err := f.journals(r)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := f.readInto(answered, name); err != nil {
			return nil, err
		}
	}
	return answered, nil
}

func (f *Folder) readInto(answered *job.Answered, name string) error {
	object, err := f.store.Open(name)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	size := object.Size()
	found := false
	for at, err := range entries(object, size) {
		if err != nil {
			return errors.Join(err, object.Close())
		}
		if at.isMark() {
			if _, alive := f.mine.Load(name); alive {
				continue // this process has not died of anything
			}
			answered.Mark(job.Mark{Index: at.index, Back: at.outcome == tried, Alone: at.calls.attempts == 1})
			continue
		}
		found = answered.Add(at.index, at.totals()) || found
	}
	if found {
		answered.Journals = append(answered.Journals, job.JournalRef{Name: name, Size: size})
	}
	return object.Close()
}

func (e entry) totals() job.Totals {
	totals := job.Totals{Attempts: e.calls.attempts, Throttled: e.calls.throttled, Outage: e.calls.outage}
	if e.outcome == succeeded {
		totals.Succeeded = 1
	} else {
		totals.Failed = 1
	}
	return totals
}

// journals are the names that overlap the range, in order.
func (f *Folder) journals(r job.Range) ([]string, error) {
	names, err := f.store.List(journalDir)
	if err != nil {
		return nil, err
	}
	overlapping := names[:0]
	for _, name := range names {
		var of job.Range
		_, err := fmt.Sscanf(strings.TrimPrefix(name, journalDir+"/"), "%d-%d-", &of.First, &of.Last)
		if err == nil && of.Overlaps(r) {
			overlapping = append(overlapping, name)
		}
	}
	return overlapping, nil
}

// located is an entry and where its part line lies in the journal.
type located struct {
	entry
	offset int64
}

// entries gives the undamaged entries of the first size bytes. The line is
// valid until the next one.
func entries(object io.ReaderAt, size int64) iter.Seq2[located, error] {
	return func(yield func(located, error) bool) {
		reader := bufio.NewReaderSize(io.NewSectionReader(object, 0, size), 64<<10)
		var offset int64
		var long []byte
		for {
			line, err := reader.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				long = append(long[:0], line...)
				for errors.Is(err, bufio.ErrBufferFull) {
					line, err = reader.ReadSlice('\n')
					long = append(long, line...)
				}
				line = long
			}
			if errors.Is(err, io.EOF) {
				return // what is left has no line feed: it is torn
			}
			if err != nil {
				yield(located{}, err)
				return
			}
			offset += int64(len(line))
			e, ok := parseEntry(bytes.TrimSuffix(line, []byte("\n")))
			if ok && !yield(located{e, offset - 1 - int64(len(e.line))}, nil) {
				return
			}
		}
	}
}
