package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"longhaul/internal/storage"
)

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
