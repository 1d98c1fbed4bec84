package verify

import (
	"fmt"
	"math"
	"slices"

	"longhaul/job"
)

// maxProblems bounds a report.
const maxProblems = 20

// unlimited is a number of records that no job has.
const unlimited = math.MaxInt64 / 2

// Result is what was found.
type Result struct {
	// Totals are those of the lines in the parts.
	job.Totals
	// Records is how many records the job has, Input how many the input has: both were
	// counted in the input.
	Records, Input int64
	// Missing are the ranges without a commit.
	Missing []job.Range
	// Problems each refute a promise. There are 20 at most; More counts the others.
	Problems []Problem
	More     int64
	// Notes say what is not proven, or is worth knowing.
	Notes []string
	// Finished says whether _SUCCESS is there.
	Finished bool

	inputDiffers bool
}

// Problem is one thing that is wrong.
type Problem struct {
	// Text says what it is, and which records it is about.
	Text string
	// Remove are the objects of the output to delete, so that the rest is right or can be
	// made so; Again: by starting the job again.
	Remove []string
	Again  bool

	// againstInput: if the input is another one than it was, the problem may come of that.
	againstInput bool
}

// String is the text.
func (p Problem) String() string { return p.Text }

// Proven says whether every record is in the output exactly once, in order.
func (r *Result) Proven() bool {
	return len(r.Problems) == 0 && len(r.Missing) == 0 && r.Finished
}

// Limited says whether the job has only some of the input's records.
func (r *Result) Limited() bool { return r.Records < r.Input }

func (r *Result) problem(p Problem) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	} else {
		r.More++
	}
}

// otherInput says that the input is another one, and leaves out what may come of it.
func (r *Result) otherInput(uri, format string, args ...any) {
	rest := slices.DeleteFunc(r.Problems, func(p Problem) bool { return p.againstInput })
	text := fmt.Sprintf("%s is not the input that the job has read: %s; bring the old file back, or start a job with another output.uri", uri, fmt.Sprintf(format, args...))
	r.Problems, r.inputDiffers = append([]Problem{{Text: text}}, rest...), true
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// ofBatch is a problem of a batch. Without its commit the batch is made anew.
func ofBatch(batch int64, againstInput bool, format string, args ...any) Problem {
	return Problem{Text: fmt.Sprintf(format, args...), Remove: []string{commitName(batch)}, Again: true, againstInput: againstInput}
}

// missing notes records that no commit has.
func (r *Result) missing(records job.Range) {
	n := len(r.Missing)
	switch {
	case records.Len() <= 0:
	case n > 0 && r.Missing[n-1].Last == records.First:
		r.Missing[n-1].Last = records.Last
	default:
		r.Missing = append(r.Missing, records)
	}
}
