package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"longhaul/internal/storage"
	"longhaul/job"
)

// batch reads the parts of a batch along the input, which stands at its first record.
func (c *check) batch(ctx context.Context, number int64) error {
	first := c.in.passed
	last := min(first+c.size, c.limit)
	done, damage, err := c.readCommit(ctx, number)
	if damage != nil || errors.Is(err, fs.ErrNotExist) {
		err := c.in.passUntil(last)
		records := job.Range{First: first, Last: c.in.passed}
		if damage == nil { // it was deleted since it was listed
			c.missing(records)
		} else {
			c.problem(ofBatch(number, false, "%s (%s) is damaged: %v", commitName(number), records, damage))
		}
		return err
	}
	if err != nil {
		return err
	}
	parts := &c.parts
	defer parts.close()
	if err := parts.open(ctx, c.folder, *done); err != nil {
		return err
	}
	if err := parts.readAlong(c.in, last, c.manifest.Spec.Output.IncludeInput); err != nil {
		return err
	}
	c.Totals = c.Add(parts.totals)
	records := job.Range{First: first, Last: c.in.passed}
	right := c.reportParts(*done, records, parts)
	switch {
	case done.Range != records:
		c.problem(ofBatch(number, true, "%s says that it has %s; the batch has %s", commitName(number), done.Range, records))
	case right && parts.totals != done.Totals:
		c.problem(ofBatch(number, true, "%s (%s) counts %s; its parts have %s", commitName(number), records, counts(done.Totals), counts(parts.totals)))
	}
	return nil
}

// readCommit reads the commit of a batch. Damage says why it is no commit.
func (c *check) readCommit(ctx context.Context, number int64) (done *commit, damage, err error) {
	content, err := read(ctx, c.folder, commitName(number))
	if err != nil {
		return nil, nil, err
	}
	done = &commit{}
	_, damage = decode(content, done)
	switch {
	case damage != nil:
	case done.Batch != number:
		damage = fmt.Errorf("it is that of batch %d", done.Batch)
	case done.Part.Name != partName(number), done.Errors != nil && done.Errors.Name != errorsName(number):
		damage = errors.New("it does not name the parts of its batch")
	case (done.Errors == nil) != (done.Failed == 0):
		damage = fmt.Errorf("it counts %d failed records, and names %d errors parts", done.Failed, map[bool]int{true: 0, false: 1}[done.Errors == nil])
	}
	if damage != nil {
		c.unreadable[number] = true
		return nil, damage, nil
	}
	if done.Errors != nil {
		c.withErrors[number] = true
	}
	c.commits.Write(content)
	return done, nil, nil
}

// parts are the part and the errors part of one batch after the other.
type parts struct {
	successes, failures part
	totals              job.Totals
}

func (p *parts) open(ctx context.Context, folder storage.Folder, done commit) error {
	p.totals = job.Totals{}
	if err := p.successes.open(ctx, folder, &done.Part); err != nil {
		return err
	}
	return p.failures.open(ctx, folder, done.Errors)
}

func (p *parts) both() [2]*part { return [2]*part{&p.successes, &p.failures} }

// close gives back what is open, if anything is.
func (p *parts) close() {
	p.successes.close()
	p.failures.close()
}

// readAlong passes the records of the input up to last, each with its line, and reads the
// parts to their ends. From the first line that is wrong on, nothing more is compared.
func (p *parts) readAlong(in *input, last int64, includeInput bool) error {
	for in.passed < last {
		more, err := in.more()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if p.successes.found == "" && p.failures.found == "" {
			if err := p.match(in.value, in.passed, includeInput); err != nil {
				return err
			}
		}
		in.pass()
	}
	for _, part := range p.both() {
		if index := part.line.Index; index != noRecord && p.successes.found == "" && p.failures.found == "" {
			part.differs("record %d is there twice, or in the wrong part", index)
		}
		if err := part.finish(); err != nil {
			return err
		}
	}
	return nil
}

// match finds the line of a record.
func (p *parts) match(record []byte, index int64, includeInput bool) error {
	for _, part := range p.both() {
		if part.line.Index == index {
			return part.take(record, index, includeInput, &p.totals)
		}
	}
	if p.successes.missing || p.failures.missing {
		return nil // it may have been there
	}
	for _, part := range p.both() {
		if next := part.line.Index; next != noRecord && next < index {
			part.wrong("record %d is there twice, or out of order", next)
			return nil
		}
	}
	next := "the part ends there"
	if p.successes.line.Index != noRecord {
		next = fmt.Sprintf("the next line is that of record %d", p.successes.line.Index)
	}
	p.successes.differs("record %d is missing: %s", index, next)
	return nil
}

// reportParts reports what is wrong with the parts of a batch, a line for each; it returns
// whether they are right.
func (c *check) reportParts(done commit, records job.Range, p *parts) (right bool) {
	right = true
	for _, part := range p.both() {
		what, count := "answers", done.Succeeded
		if part.errors {
			what, count = "failures", done.Failed
		}
		switch {
		case part.missing:
			c.problem(ofBatch(done.Batch, false, "%s is missing, with the %s of %d of the %s", part.name, what, count, done.Range))
		case part.found != "" && part.whole && (!p.successes.whole || !p.failures.whole):
			// It comes of the other one.
		case part.found != "":
			c.problem(ofBatch(done.Batch, part.againstInput, "%s (%s): %s", part.name, records, part.found))
		default:
			continue
		}
		right = false
	}
	return right
}

// counts says totals in words.
func counts(t job.Totals) string {
	return fmt.Sprintf("%d succeeded, %d failed, %d calls", t.Succeeded, t.Failed, t.Calls())
}
