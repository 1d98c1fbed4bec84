package output

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"longhaul/job"
)

// discardedIn counts the chosen failures in a journal.
func (f *Folder) discardedIn(name string, chosen func(job.CallError) bool) (discarded job.Totals, err error) {
	err = f.eachEntry(name, func(e entry) error {
		if isChosen(e, chosen) {
			discarded = discarded.Add(e.totals())
		}
		return nil
	})
	return discarded, err
}

// copyEntries writes a journal again without the chosen failures.
func (f *Folder) copyEntries(w io.Writer, name string, chosen func(job.CallError) bool) error {
	buffered := bufio.NewWriterSize(w, 256<<10)
	if _, err := buffered.WriteString(journalHeader); err != nil {
		return err
	}
	var line []byte
	err := f.eachEntry(name, func(e entry) error {
		if isChosen(e, chosen) {
			return nil
		}
		line = appendEntry(line[:0], e)
		_, err := buffered.Write(line)
		return err
	})
	return errors.Join(err, buffered.Flush())
}

func (f *Folder) eachEntry(name string, use func(entry) error) error {
	object, err := f.store.Open(name)
	if err != nil {
		return err
	}
	for at, err := range entries(object, object.Size()) {
		if err == nil {
			err = use(at.entry)
		}
		if err != nil {
			return errors.Join(err, object.Close())
		}
	}
	return object.Close()
}

// isChosen says whether an entry is a failure that is chosen. One whose line cannot
// be read has a right checksum all the same: it stays.
func isChosen(e entry, chosen func(job.CallError) bool) bool {
	if e.outcome != failed {
		return false
	}
	var line keptLine
	return json.Unmarshal(e.line, &line) == nil && line.Error != nil && chosen(*line.Error)
}
