package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"slices"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Verifier proves or refutes outputs.
type Verifier struct {
	// Report is told now and then how many records of the input were read; nil for nobody.
	Report func(records int64)
}

// check is one verification under way.
type check struct {
	*Result
	report   func(int64)
	folder   storage.Folder
	manifest manifest
	in       *input
	parts    parts
	// size is how many records a batch has, limit how many the job has at most.
	size, limit int64
	// success is nil if it is missing or damaged.
	success *success
	// digests: version 0.2 or a later one has written job.json.
	digests bool
	// numbers are those of all commits, in order.
	numbers []int64
	// unreadable are the batches whose commit is damaged, withErrors those that have an
	// errors part.
	unreadable, withErrors map[int64]bool
	// commits is the digest of all commits that were read, in order.
	commits hash.Hash
}

// Output proves or refutes the output in a folder; its input is opened in another store.
// An error says that something could not be read, so that nothing is known.
func (v Verifier) Output(ctx context.Context, inputs storage.Store, folder storage.Folder) (result *Result, err error) {
	c := &check{
		Result: &Result{}, report: v.Report, folder: folder, commits: sha256.New(),
		unreadable: map[int64]bool{}, withErrors: map[int64]bool{},
		parts: parts{failures: part{errors: true}},
	}
	if c.report == nil {
		c.report = func(int64) {}
	}
	if whole, err := c.readManifest(ctx); err != nil || !whole {
		return c.Result, err
	}
	if err := errors.Join(c.readSuccess(ctx), c.listCommits(ctx)); err != nil {
		return nil, err
	}
	if c.in, err = openInput(ctx, inputs, c.manifest); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.in.close()) }()
	if err := c.compare(ctx); err != nil {
		return nil, err
	}
	return c.Result, nil
}

// compare reads the input once, and all else along with it.
func (c *check) compare(ctx context.Context) error {
	err := c.batches(ctx)
	c.Records = c.in.passed
	if err == nil { // what the job was not meant to do is counted too
		err = c.in.passUntil(unlimited)
	}
	c.Input = c.in.passed
	if job.KindOf(err) == job.KindInput {
		c.otherInput(c.in.uri, "%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(c.checkIndex(ctx), c.checkNames(ctx), c.checkInput()); err != nil {
		return err
	}
	c.checkSuccess()
	return nil
}

// batches goes through the batches that have a commit, and notes those that have none.
func (c *check) batches(ctx context.Context) error {
	for _, number := range c.numbers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		first := c.in.passed
		if number <= unlimited/c.size {
			if err := c.in.passUntil(min(number*c.size, c.limit)); err != nil {
				return err
			}
		}
		c.missing(job.Range{First: first, Last: c.in.passed})
		more, err := c.in.more()
		if err != nil {
			return err
		}
		if !more || c.in.passed != number*c.size || c.in.passed >= c.limit {
			c.problem(Problem{Text: commitName(number) + " belongs to no batch", Remove: []string{commitName(number)}, againstInput: true})
			continue
		}
		if err := c.batch(ctx, number); err != nil {
			return err
		}
		c.report(c.in.passed)
	}
	first := c.in.passed
	if err := c.in.passUntil(c.limit); err != nil {
		return err
	}
	c.missing(job.Range{First: first, Last: c.in.passed})
	return nil
}

// listCommits lists the batches that have a commit.
func (c *check) listCommits(ctx context.Context) error {
	entries, err := c.folder.List(ctx, commitPrefix)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		number, ok := batchOf(entry.Name, commitName)
		if !ok {
			c.problem(Problem{Text: entry.Name + " belongs to no batch", Remove: []string{entry.Name}})
			continue
		}
		c.numbers = append(c.numbers, number)
	}
	slices.Sort(c.numbers) // by name 1000000 comes before 999999
	return nil
}
