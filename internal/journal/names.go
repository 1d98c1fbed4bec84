package journal

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"longhaul/job"
)

// dir is where the journals lie.
const dir = "_longhaul/journal/"

const suffix = ".journal"

// folderOf is where the journals of a batch lie; all lie in one folder as long as the
// size of batches is not known, and those of Longhaul 0.1 do.
func (s *Set) folderOf(first int64) string {
	if s.batchRecords == 0 {
		return dir
	}
	return fmt.Sprintf("%s%06d/", dir, first/s.batchRecords)
}

// nameOf begins, in its folder, with the range, so that a chunk finds by name alone what
// overlaps its own.
func (s *Set) nameOf(r job.Range, activity string, attempt int32, writer string) string {
	if writer != "" {
		writer = "." + writer
	}
	return fmt.Sprintf("%s%012d-%012d-%s-%d%s%s", s.folderOf(r.First), r.First, r.Last, activity, attempt, writer, suffix)
}

// isOf says whether the writer has made the journal.
func isOf(name, writer string) bool { return strings.HasSuffix(name, "."+writer+suffix) }

// rangeOf is the range in a name; false if it is not a journal's.
func rangeOf(name string) (r job.Range, ok bool) {
	_, err := fmt.Sscanf(path.Base(name), "%d-%d-", &r.First, &r.Last)
	return r, err == nil
}

// attemptOf cuts a name into what all attempts of an activity at a range have in common,
// and the number of the attempt; false if it is no attempt's.
func attemptOf(name string) (activity string, attempt int, ok bool) {
	base, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), suffix), ".")
	at := strings.LastIndexByte(base, '-')
	if at < 0 {
		return "", 0, false
	}
	attempt, err := strconv.Atoi(base[at+1:])
	return base[:at], attempt, err == nil
}

// KeptName is the journal of what a redrive keeps of a batch.
func (s *Set) KeptName(r job.Range, epoch int64) string {
	return s.nameOf(r, fmt.Sprintf("redrive-%06d", epoch), 1, "")
}

const reopenedMark = "-reopened-"

// ReopenedName is the journal that a redrive of this epoch rewrites a journal to. It
// replaces the mark of an earlier one.
func ReopenedName(name string, epoch int64) string {
	base, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), suffix), reopenedMark)
	return fmt.Sprintf("%s/%s%s%06d%s", path.Dir(name), base, reopenedMark, epoch, suffix)
}
