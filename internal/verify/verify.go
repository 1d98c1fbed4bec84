package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/part"
	"longhaul/internal/storage"
	"longhaul/job"
)

// maxProblems bounds a report: one broken file makes thousands.
const maxProblems = 20

// Result is what was found.
type Result struct {
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
func (v *Result) Proven() bool {
	return len(v.Problems) == 0 && len(v.Missing) == 0 && v.Finished
}

func (v *Result) problem(format string, args ...any) {
	if len(v.Problems) < maxProblems {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

// check is one verification under way.
type check struct {
	*Result
	folder *output.Folder
}

// Output reads every part of an output and proves or refutes that each record of the
// input is there exactly once, in order, with the commit's counts and digests.
func Output(ctx context.Context, folder *output.Folder, manifest job.Manifest, in input.Input) (*Result, error) {
	c := &check{folder: folder, Result: &Result{
		Records: manifest.Records(), includeInput: manifest.Spec.Output.IncludeInput,
	}}
	index, err := indexOf(ctx, folder, manifest, in)
	if err != nil {
		return c.Result, err
	}
	if index != nil {
		defer index.Close()
	}
	size := manifest.Spec.BatchRecords()
	for batch := int64(0); batch*size < c.Records; batch++ {
		want := job.Range{First: batch * size, Last: min((batch+1)*size, c.Records)}
		commit, err := folder.Commit(ctx, batch)
		switch {
		case ctx.Err() != nil:
			return c.Result, context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			c.missing(want)
			continue
		case err != nil:
			c.problem("%v", err)
			continue
		case commit.Range != want:
			c.problem("%s covers %s, not %s", output.CommitName(batch), commit.Range, want)
			continue
		}
		if err := c.batch(ctx, commit, in.Records(index, want)); err != nil {
			return c.Result, err
		}
	}
	return c.Result, c.names(ctx, size)
}

// indexOf opens and checks the index. It is nil for an input that needs none: a count.
func indexOf(ctx context.Context, folder *output.Folder, manifest job.Manifest, in input.Input) (*input.Index, error) {
	if manifest.Spec.Input.Count != nil {
		return nil, nil
	}
	index, err := folder.Index(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.CheckIndex(index, manifest.Input); err != nil {
		return nil, errors.Join(err, index.Close())
	}
	return index, nil
}

func (v *Result) missing(r job.Range) {
	if n := len(v.Missing); n > 0 && v.Missing[n-1].Last == r.First {
		v.Missing[n-1].Last = r.Last
		return
	}
	v.Missing = append(v.Missing, r)
}

// batch merges the part with the errors part, along the input.
func (c *check) batch(ctx context.Context, commit job.Commit, records iter.Seq2[job.Record, error]) error {
	successes, err := c.open(ctx, &commit.Part)
	if err != nil {
		return err
	}
	defer successes.close()
	failures, err := c.open(ctx, commit.Errors)
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
		case successes.line.Index:
			c.line(successes, record, successes.line.Output != nil && successes.line.Error == nil)
			totals = totals.Add(successes.line.Totals())
			c.advance(successes)
		case failures.line.Index:
			c.line(failures, record, failures.line.Error != nil && failures.line.Output == nil)
			totals = totals.Add(failures.line.Totals())
			c.advance(failures)
		default:
			c.problem("record %d is not where it belongs: %s goes on with record %d", record.Index, successes.name, successes.line.Index)
		}
	}
	for _, p := range []*partReader{successes, failures} {
		if p.line.Index != noRecord {
			c.problem("%s: record %d is there twice or out of order", p.name, p.line.Index)
		}
	}
	if totals != commit.Totals {
		c.problem("%s counts %+v, but the parts hold %+v", output.CommitName(commit.Batch), commit.Totals, totals)
	}
	c.Totals = c.Add(totals)
	return nil
}

func (c *check) line(p *partReader, record job.Record, rightKind bool) {
	var want []byte
	if c.includeInput {
		want = part.AppendValue(nil, record.Value)
	}
	if !bytes.Equal(p.line.Input, want) {
		c.problem("%s: record %d: its input is not the record in the input file", p.name, record.Index)
	}
	if !rightKind {
		c.problem("%s: record %d: it must have an output or an error, as its file says", p.name, record.Index)
	}
}

// noRecord is the index of no record: the part has ended.
const noRecord = -1

// partReader goes through a part whose digest has been checked.
type partReader struct {
	name   string
	object storage.Object
	lines  *part.Reader
	line   part.Line
}

// open returns a reader without lines if there is no such part, or it is missing.
func (c *check) open(ctx context.Context, expected *job.PartDigest) (*partReader, error) {
	p := &partReader{line: part.Line{Index: noRecord}}
	if expected == nil {
		return p, nil
	}
	p.name = expected.Name
	object, err := c.folder.Part(ctx, expected.Name)
	if errors.Is(err, fs.ErrNotExist) {
		c.problem("%s is missing", expected.Name)
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.object = object
	digest := sha256.New()
	if _, err := io.Copy(digest, storage.NewReader(object)); err != nil {
		return p, errors.Join(err, object.Close())
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); sum != expected.SHA256 {
		c.problem("%s: its sha256 is %.12s…, the commit says %.12s…", expected.Name, sum, expected.SHA256)
	}
	p.lines = part.NewReader(storage.NewReader(object))
	c.advance(p)
	return p, nil
}

func (c *check) advance(p *partReader) {
	line, err := p.lines.Next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			c.problem("%s: a line is broken: %v", p.name, err)
		}
		line = part.Line{Index: noRecord}
	}
	p.line = line
}

func (p *partReader) close() {
	if p.object != nil {
		// It was only read.
		_ = p.object.Close()
	}
}

// names looks for parts that no commit speaks of, and at _SUCCESS.
func (c *check) names(ctx context.Context, batchRecords int64) error {
	names, err := c.folder.Parts(ctx)
	if err != nil {
		return err
	}
	batches := (c.Records + batchRecords - 1) / batchRecords
	for _, name := range names {
		number, ok := numberOf(name)
		if !ok {
			continue
		}
		if number >= batches || name != output.PartName(number) && name != output.ErrorsName(number) {
			c.problem("%s belongs to no batch", name)
			continue
		}
		commit, err := c.folder.Commit(ctx, number)
		if err == nil && commit.Errors == nil && name == output.ErrorsName(number) {
			c.problem("%s is not in its commit", name)
		}
	}
	summary, finished, err := c.folder.Succeeded(ctx)
	if err != nil {
		return err
	}
	c.Finished = finished
	if finished && summary.Totals != c.Totals {
		c.problem("%s says %+v, the parts hold %+v", output.SuccessName, summary.Totals, c.Totals)
	}
	return nil
}

// numberOf is the batch that a part's name seems to be of.
func numberOf(name string) (number int64, ok bool) {
	for _, pattern := range []string{"part-%d.jsonl", "errors-%d.jsonl"} {
		if _, err := fmt.Sscanf(name, pattern, &number); err == nil {
			return number, true
		}
	}
	return 0, false
}
