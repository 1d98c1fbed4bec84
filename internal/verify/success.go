package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// readSuccess reads _SUCCESS, if the job has finished.
func (c *check) readSuccess(ctx context.Context) error {
	content, err := read(ctx, c.folder, successName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Finished = true
	var found success
	hasDigest, err := decode(content, &found)
	switch {
	case err == nil && c.digests != (hasDigest && found.CommitsSHA256 != ""):
		err = errors.New("job.json and it were not written by the same version of Longhaul")
	case err == nil && found.JobID != c.manifest.JobID:
		err = fmt.Errorf("it is of job %s, job.json of job %s", found.JobID, c.manifest.JobID)
	}
	if err != nil {
		c.problem(Problem{Text: fmt.Sprintf("%s is damaged: %v", successName, err), Again: true})
		return nil
	}
	c.success = &found
	return nil
}

// checkSuccess compares _SUCCESS with all that was read. It says nothing new if something
// else is wrong already.
func (c *check) checkSuccess() {
	if !c.Finished || c.inputDiffers {
		return
	}
	for _, missing := range c.Missing {
		c.problem(Problem{Text: fmt.Sprintf("%s is there, but %s are in no commit", successName, missing), Again: true})
	}
	if c.success == nil || len(c.Problems) > 0 {
		return
	}
	var text string
	sum := hex.EncodeToString(c.commits.Sum(nil))
	switch {
	case c.success.Records != c.Records:
		text = fmt.Sprintf("says %d records; the job has %d", c.success.Records, c.Records)
	case c.success.Totals != c.Totals:
		text = fmt.Sprintf("says %s; the parts have %s", counts(c.success.Totals), counts(c.Totals))
	case c.digests && c.success.CommitsSHA256 != sum:
		text = fmt.Sprintf("has the digest %.12s… of all commits; that of those in %s is %.12s…: one was changed", c.success.CommitsSHA256, commitPrefix, sum)
	default:
		return
	}
	c.problem(Problem{Text: successName + " " + text, Again: true})
}
