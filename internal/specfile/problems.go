package specfile

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"longhaul/job"
)

// fileError is everything that is wrong with a spec file, by line.
type fileError struct {
	file     string
	problems []problem
}

// Error has a line for each problem, as compilers write them.
func (e *fileError) Error() string {
	var b strings.Builder
	if len(e.problems) > 1 {
		fmt.Fprintf(&b, "%s: %d errors", e.file, len(e.problems))
	}
	for _, p := range e.problems {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(p.where(e.file) + p.Error.Error())
	}
	return b.String()
}

// where is the file, line and column; empty for a flag.
func (p problem) where(file string) string {
	switch {
	case strings.HasPrefix(p.Op, "--"):
		return ""
	case p.line == 0:
		return file + ": "
	case p.column == 0:
		return fmt.Sprintf("%s:%d: ", file, p.line)
	default:
		return fmt.Sprintf("%s:%d:%d: ", file, p.line, p.column)
	}
}

// Unwrap are the problems.
func (e *fileError) Unwrap() []error {
	errs := make([]error, len(e.problems))
	for i, p := range e.problems {
		errs[i] = p.Error
	}
	return errs
}

// err is all problems by line, then those that have no place in the file; nil if
// there are none.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), cmp.Compare(a.column, b.column))
	})
	return &fileError{d.name, d.problems}
}

func (p place) order() int {
	if p.line == 0 {
		return math.MaxInt
	}
	return p.line
}

// add places problems at their fields; a field of a flag has no place in the
// file. Of two about a field the first one counts.
func (d *document) add(problems []*job.Error, flags map[string]string) {
	for _, p := range problems {
		if slices.ContainsFunc(d.problems, func(known problem) bool { return known.Op == p.Op }) {
			continue
		}
		if flag := flags[p.Op]; flag != "" {
			named := *p
			named.Op = "--" + flag
			d.problems = append(d.problems, problem{place{}, &named})
			continue
		}
		d.problems = append(d.problems, problem{d.placeOf(p.Op), p})
	}
}

// placeOf is where a field stands, or what it is missing in.
func (d *document) placeOf(field string) place {
	field, _, _ = strings.Cut(field, " × ")
	for field != "" {
		if at, ok := d.at[field]; ok {
			return at
		}
		field = field[:max(0, strings.LastIndexAny(field, ".["))]
	}
	return place{}
}
