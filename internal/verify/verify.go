package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
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
	if job.KindOf(err) == job.KindInput {
		c.otherInput(c.in.uri, "%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	// What the job was not meant to do is counted too.
	if err := c.in.passUntil(unlimited); err != nil {
		return err
	}
	c.Input = c.in.passed
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

// readManifest reads job.json; false if it is damaged, which is a problem.
func (c *check) readManifest(ctx context.Context) (whole bool, err error) {
	content, err := read(ctx, c.folder, manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return false, job.Errorf(job.KindOutput, c.folder.URI(), "is no output folder: it has no %s", manifestName).
			WithHint("name the folder that the job writes to (output.uri of its spec)")
	}
	if err != nil {
		return false, err
	}
	m := &c.manifest
	c.digests, err = decode(content, m)
	switch {
	case err == nil && m.Version != layoutVersion:
		return false, job.Errorf(job.KindOutput, c.folder.URI(), "has layout version %d, %d is known here", m.Version, layoutVersion).
			WithHint("use the Longhaul that wrote it")
	case err == nil && !c.digests && m.Input.IndexSHA256 != "":
		err = errors.New("it has a digest of the index, but none of its own")
	case err == nil && (m.batchRecords() == 0 || m.Limit < 0):
		err = errors.New("chunk_size, batch_size or limit is out of range")
	case err == nil && m.Limit > 0 && (m.Spec.Input.Limit == 0 || m.Limit < m.Spec.Input.Limit):
		err = fmt.Errorf("it has a limit of %d records, its spec one of %d", m.Limit, m.Spec.Input.Limit)
	}
	if err != nil {
		c.problem(Problem{Text: fmt.Sprintf("%s is damaged: %v; without it nothing can be proven: restore it from a copy", manifestName, err)})
		return false, nil
	}
	if !c.digests {
		c.note("version 0.1 of Longhaul wrote this output, without digests of the index and of the commits: they are not proven; each record is, by its own line")
	}
	c.size, c.limit = m.batchRecords(), unlimited
	if m.Limit > 0 {
		c.limit = m.Limit
	}
	return true, nil
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

// checkInput compares what was read with what job.json says that the job has read.
func (c *check) checkInput() error {
	m := &c.manifest
	if c.Limited() {
		c.note("the job has the first %d of the input's %d records (input.limit)", c.Records, c.Input)
	}
	if m.Spec.Input.Count == nil {
		sum, size, err := c.in.digest()
		if err != nil {
			return err
		}
		if sum != m.Input.SHA256 || size != m.Input.Size {
			c.otherInput(c.in.uri, "its sha256 is %.12s… (%d records, %d bytes), job.json says %.12s… (%d records, %d bytes)",
				sum, c.Input, size, m.Input.SHA256, m.Input.Records, m.Input.Size)
			return nil
		}
	}
	if c.Input != m.Input.Records {
		c.problem(Problem{Text: fmt.Sprintf("%s has %d records, job.json says %d", c.in.uri, c.Input, m.Input.Records)})
	}
	return nil
}

// checkIndex compares the index with its digest. Nothing here depends on it, but the
// worker that goes on with the job does.
func (c *check) checkIndex(ctx context.Context) error {
	known := c.manifest.Input.IndexSHA256
	if c.manifest.Spec.Input.Count != nil || !c.digests {
		return nil // a count needs none; version 0.1 has no digest of it
	}
	content, err := c.folder.Open(ctx, indexName)
	if errors.Is(err, fs.ErrNotExist) {
		c.problem(Problem{Text: indexName + " is missing; no answer depends on it, and it is written again without a call", Again: true})
		return nil
	}
	if err != nil {
		return err
	}
	sum, _, err := digestOf(content)
	if err == nil && sum != known {
		c.problem(Problem{Text: fmt.Sprintf("%s: its sha256 is %.12s…, job.json says %.12s…; no answer depends on it, and it is written again without a call",
			indexName, sum, known), Again: true})
	}
	return errors.Join(err, content.Close())
}

// checkNames looks for objects that a reader of part-* and errors-* would take for answers.
func (c *check) checkNames(ctx context.Context) error {
	for _, prefix := range []string{partPrefix, errorsPrefix} {
		entries, err := c.folder.List(ctx, prefix)
		if err != nil {
			return err
		}
		nameOf := map[string]func(int64) string{partPrefix: partName, errorsPrefix: errorsName}[prefix]
		for _, entry := range entries {
			if number, ok := batchOf(entry.Name, nameOf); !ok || !c.mayBeThere(number, prefix) {
				c.problem(Problem{Text: entry.Name + " is in no commit", Remove: []string{entry.Name}, againstInput: true})
			}
		}
	}
	return nil
}

// mayBeThere says whether a batch can have a part, or an errors part. That a commit is
// missing was said already, and its parts may be there before it.
func (c *check) mayBeThere(number int64, prefix string) bool {
	if number > unlimited/c.size || number*c.size >= c.Records {
		return false
	}
	_, committed := slices.BinarySearch(c.numbers, number)
	return !committed || c.unreadable[number] || prefix == partPrefix || c.withErrors[number]
}

func digestOf(object storage.Object) (sum string, size int64, err error) {
	in := &input{content: &content{Reader: storage.NewReader(object), sum: sha256.New()}}
	return in.digest()
}
