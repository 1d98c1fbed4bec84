package journal

import (
	"fmt"
	"path"
	"strings"

	"longhaul/job"
)

// dir is where the journals lie.
const dir = "_longhaul/journal/"

const suffix = ".journal"

// nameOf begins with the range, so that a chunk finds by name alone what overlaps
// its own.
func nameOf(r job.Range, activity string, attempt int32, writer string) string {
	if writer != "" {
		writer = "." + writer
	}
	return fmt.Sprintf("%s%012d-%012d-%s-%d%s%s", dir, r.First, r.Last, activity, attempt, writer, suffix)
}

// isOf says whether the writer has made the journal.
func isOf(name, writer string) bool { return strings.HasSuffix(name, "."+writer+suffix) }

// rangeOf is the range in a name; false if it is not a journal's.
func rangeOf(name string) (r job.Range, ok bool) {
	_, err := fmt.Sscanf(strings.TrimPrefix(name, dir), "%d-%d-", &r.First, &r.Last)
	return r, err == nil
}

// KeptName is the journal of what a redrive keeps of a batch.
func KeptName(r job.Range, epoch int64) string {
	return nameOf(r, fmt.Sprintf("redrive-%06d", epoch), 1, "")
}

const reopenedMark = "-reopened-"

// ReopenedName is the journal that a redrive of this epoch rewrites a journal to. It
// replaces the mark of an earlier one.
func ReopenedName(name string, epoch int64) string {
	base, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), suffix), reopenedMark)
	return fmt.Sprintf("%s%s%s%06d%s", dir, base, reopenedMark, epoch, suffix)
}
