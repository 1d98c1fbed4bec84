package output

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
	"iter"

	"longhaul/job"
)

// maxProblems bounds a report: one broken file makes thousands.
const maxProblems = 20

// Verification is what Verify found.
type Verification struct {
	job.Totals
	// Records is N.
	Records int64
	// Missing are the ranges without a commit.
	Missing []job.Range
	// Problems are sentences; each refutes a promise.
	Problems []string
	// Finished says whether _SUCCESS is there.
	Finished bool

	includeInput bool
}

// Proven says whether every record is in the output exactly once, in order.
func (v *Verification) Proven() bool {
	return len(v.Problems) == 0 && len(v.Missing) == 0 && v.Finished
}

func (v *Verification) problem(format string, args ...any) {
	if len(v.Problems) < maxProblems {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

// Records gives the input's records of a range.
type Records func(job.Range) iter.Seq2[job.Record, error]

// Verify reads every part and proves or refutes that each record of the input
// is there exactly once, in order, with the commit's counts and digests.
func (f *Folder) Verify(ctx context.Context, manifest job.Manifest, records Records, report func(done int64)) (*Verification, error) {
	v := &Verification{Records: manifest.Records(), includeInput: manifest.Spec.Output.IncludeInput}
	size := manifest.Spec.BatchRecords()
	for batch := int64(0); batch*size < v.Records; batch++ {
		if ctx.Err() != nil {
			return v, context.Cause(ctx)
		}
		want := job.Range{First: batch * size, Last: min((batch+1)*size, v.Records)}
		commit, err := f.commit(batch)
		switch {
		case isMissing(err):
			v.missing(want)
			continue
		case err != nil:
			v.problem("%v", err)
			continue
		case commit.Range != want:
			v.problem("%s covers %s, not %s", commitName(batch), commit.Range, want)
			continue
		}
		if err := f.verifyBatch(v, commit, records(want)); err != nil {
			return v, err
		}
		report(v.Done())
	}
	return v, f.verifyNames(v, size)
}

func (v *Verification) missing(r job.Range) {
	if n := len(v.Missing); n > 0 && v.Missing[n-1].Last == r.First {
		v.Missing[n-1].Last = r.Last
		return
	}
	v.Missing = append(v.Missing, r)
}

// partLine is a line of a part or an errors part.
type partLine struct {
	Index     int64           `json:"index"`
	Input     json.RawMessage `json:"input"`
	Output    json.RawMessage `json:"output"`
	Error     json.RawMessage `json:"error"`
	Attempts  int64           `json:"attempts"`
	Throttled int64           `json:"throttled"`
	Outage    int64           `json:"outage"`
}

// calls are what the line says of the calls for its record.
func (l partLine) calls() job.Totals {
	return job.Totals{Attempts: l.Attempts, Throttled: l.Throttled, Outage: l.Outage}
}

// verifyBatch merges the part with the errors part, along the input.
func (f *Folder) verifyBatch(v *Verification, commit job.Commit, records iter.Seq2[job.Record, error]) error {
	part, err := f.openPart(v, &commit.Part)
	if err != nil {
		return err
	}
	defer part.close()
	failures, err := f.openPart(v, commit.Errors)
	if err != nil {
		return err
	}
	defer failures.close()
	var totals job.Totals
	for record, err := range records {
		if err != nil {
			return err
		}
		switch record.Index {
		case part.line.Index:
			v.checkLine(part, record, part.line.Output != nil && part.line.Error == nil)
			totals = totals.Add(job.Totals{Succeeded: 1}).Add(part.line.calls())
			part.advance(v)
		case failures.line.Index:
			v.checkLine(failures, record, failures.line.Error != nil && failures.line.Output == nil)
			totals = totals.Add(job.Totals{Failed: 1}).Add(failures.line.calls())
			failures.advance(v)
		default:
			v.problem("record %d is not where it belongs: %s goes on with record %d", record.Index, part.name, part.line.Index)
		}
	}
	for _, p := range []*partReader{part, failures} {
		if p.line.Index != nothing {
			v.problem("%s: record %d is there twice or out of order", p.name, p.line.Index)
		}
	}
	if totals != commit.Totals {
		v.problem("%s counts %+v, but the parts hold %+v", commitName(commit.Batch), commit.Totals, totals)
	}
	v.Totals = v.Add(totals)
	return nil
}

func (v *Verification) checkLine(p *partReader, record job.Record, rightKind bool) {
	var input []byte
	if v.includeInput {
		input = appendValue(nil, record.Value)
	}
	if !bytes.Equal(p.line.Input, input) {
		v.problem("%s: record %d: its input is not the record in the input file", p.name, record.Index)
	}
	if !rightKind {
		v.problem("%s: record %d: it must have an output or an error, as its file says", p.name, record.Index)
	}
}

// nothing is the index of no record: the part has ended.
const nothing = -1

// partReader goes through a part whose digest has been checked.
type partReader struct {
	name   string
	object Object
	reader *bufio.Reader
	line   partLine
}

func (f *Folder) openPart(v *Verification, expected *job.Object) (*partReader, error) {
	p := &partReader{line: partLine{Index: nothing}}
	if expected == nil {
		return p, nil
	}
	p.name = expected.Name
	digest := sha256.New()
	err := f.copyTo(digest, expected.Name)
	if isMissing(err) {
		v.problem("%s is missing", expected.Name)
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); sum != expected.SHA256 {
		v.problem("%s: its sha256 is %.12s…, the commit says %.12s…", expected.Name, sum, expected.SHA256)
	}
	if p.object, err = f.store.Open(expected.Name); err != nil {
		return p, err
	}
	p.reader = bufio.NewReaderSize(io.NewSectionReader(p.object, 0, p.object.Size()), 64<<10)
	p.advance(v)
	return p, nil
}

func (p *partReader) advance(v *Verification) {
	p.line = partLine{Index: nothing}
	line, err := p.reader.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return
	}
	if err == nil {
		err = json.Unmarshal(line, &p.line)
	}
	if err != nil {
		v.problem("%s: a line is broken: %v", p.name, err)
		p.line.Index = nothing
	}
}

func (p *partReader) close() {
	if p.object != nil {
		// It was only read.
		_ = p.object.Close()
	}
}

// verifyNames looks for parts that no commit speaks of, and at _SUCCESS.
func (f *Folder) verifyNames(v *Verification, batchRecords int64) error {
	names, err := f.store.List(".")
	if err != nil {
		return err
	}
	batches := (v.Records + batchRecords - 1) / batchRecords
	for _, name := range names {
		var number int64
		if _, err := fmt.Sscanf(name, "part-%d.jsonl", &number); err != nil {
			if _, err := fmt.Sscanf(name, "errors-%d.jsonl", &number); err != nil {
				continue
			}
		}
		if number >= batches || name != partName(number) && name != errorsName(number) {
			v.problem("%s belongs to no batch", name)
			continue
		}
		commit, err := f.commit(number)
		if err == nil && commit.Errors == nil && name == errorsName(number) {
			v.problem("%s is not in its commit", name)
		}
	}
	summary, finished, err := f.Succeeded()
	if err != nil {
		return err
	}
	v.Finished = finished
	if finished && summary.Totals != v.Totals {
		v.problem("%s says %+v, the parts hold %+v", successName, summary.Totals, v.Totals)
	}
	return nil
}
