package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"longhaul/job"
)

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
