package output

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"

	"longhaul/job"
)

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
	if err == nil && commit.Errors != nil {
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
	Throttled int64          `json:"throttled"`
	Outage    int64          `json:"outage"`
	LatencyMS float64        `json:"latency_ms"`
	Error     *job.CallError `json:"error"`

	text []byte
}

func (l keptLine) entry() entry {
	e := entry{index: l.Index, outcome: succeeded, calls: calls{l.Attempts, l.Throttled, l.Outage}, latency: int64(math.Round(l.LatencyMS * 1000)), line: l.text}
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
