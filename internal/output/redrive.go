package output

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"longhaul/job"
)

// Redrive opens the batches that hold failures of the given kind again: all other
// answers of such a batch go into a journal, and its commit is deleted, so that
// the job calls what is missing and makes the part anew. It returns how many
// records are to be called. A kill in between loses nothing, and run again it
// goes on.
func (f *Folder) Redrive(ctx context.Context, epoch int64, chosen func(job.CallError) bool) (records int64, err error) {
	numbers, err := f.committed()
	if err != nil {
		return 0, err
	}
	for _, number := range numbers {
		if ctx.Err() != nil {
			return records, context.Cause(ctx)
		}
		commit, err := f.commit(number)
		if err != nil {
			return records, err
		}
		reopened, err := f.reopen(epoch, commit, chosen)
		if err != nil {
			return records, err
		}
		records += reopened
	}
	return records, nil
}

func (f *Folder) reopen(epoch int64, commit job.Commit, chosen func(job.CallError) bool) (records int64, err error) {
	if commit.Errors == nil {
		return 0, nil
	}
	count := func(line keptLine) error {
		if chosen(*line.Error) {
			records++
		}
		return nil
	}
	if err := f.eachLine(commit.Errors.Name, true, count); err != nil || records == 0 {
		return 0, err
	}
	if err := f.Holds(epoch); err != nil {
		return 0, err
	}
	// One of another redrive may be left: it would answer for records of this one.
	if err := f.dropJournals(commit.Range); err != nil {
		return 0, err
	}
	name := journalName(commit.Range, fmt.Sprintf("redrive-%06d", epoch), 1)
	err = f.store.Put(name, func(w io.Writer) error { return f.writeKept(w, commit, chosen) })
	if err != nil {
		return 0, err
	}
	return records, f.store.Delete(commitName(commit.Batch))
}

// writeKept writes a journal of all answers but the chosen failures.
func (f *Folder) writeKept(w io.Writer, commit job.Commit, chosen func(job.CallError) bool) error {
	buffered := bufio.NewWriterSize(w, 256<<10)
	if _, err := buffered.WriteString(journalHeader); err != nil {
		return err
	}
	var entry []byte
	keep := func(line keptLine) error {
		if line.Error != nil && chosen(*line.Error) {
			return nil
		}
		entry = appendEntry(entry[:0], line.entry())
		_, err := buffered.Write(entry)
		return err
	}
	err := f.eachLine(commit.Part.Name, false, keep)
	if err == nil {
		err = f.eachLine(commit.Errors.Name, true, keep)
	}
	if err != nil {
		return err
	}
	return buffered.Flush()
}

// keptLine is a line of a part or an errors part, and what a journal has to
// know of it.
type keptLine struct {
	Index     int64          `json:"index"`
	Attempts  int64          `json:"attempts"`
	LatencyMS float64        `json:"latency_ms"`
	Error     *job.CallError `json:"error"`

	text []byte
}

func (l keptLine) entry() entry {
	e := entry{index: l.Index, outcome: succeeded, attempts: l.Attempts, latency: int64(math.Round(l.LatencyMS * 1000)), line: l.text}
	if l.Error != nil {
		e.outcome = failed
	}
	return e
}

// eachLine reads a part, or an errors part: every line of that has an error.
func (f *Folder) eachLine(name string, failures bool, use func(keptLine) error) error {
	object, err := f.store.Open(name)
	if err != nil {
		return err
	}
	reader := bufio.NewReaderSize(io.NewSectionReader(object, 0, object.Size()), 64<<10)
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return object.Close()
		}
		var line keptLine
		if err == nil {
			err = json.Unmarshal(text, &line)
		}
		if err == nil && failures && line.Error == nil {
			err = errors.New("a line has no error")
		}
		if err != nil {
			return errors.Join(job.Errorf(job.KindOutput, name, "is damaged: %w", err), object.Close())
		}
		line.text = text[:len(text)-1]
		if err := use(line); err != nil {
			return errors.Join(err, object.Close())
		}
	}
}
