package calls

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"longhaul/job"
)

// limits bound what the texts of one request may use, all together.
type limits struct {
	// written is what they give, in bytes.
	written int64
	// made is what their functions give, in bytes: variables can hold it.
	made int64
	// steps are rounds of loops, and uses of other templates.
	steps int64
}

// requestLimits are the same for every request. A record has 64 MiB at most, and its
// JSON can be six times as long as its text.
var requestLimits = limits{written: 64 << 20, made: 512 << 20, steps: 10_000_000}

// More than this is not done by an ordinary template on a machine that is merely slow: it
// is the cause of a time-out itself.
const (
	manySteps = 10_000
	manyBytes = 16 << 20
)

// budget is what the texts of one request have left.
type budget struct {
	//nolint:containedctx // it lives as long as one call of a function
	ctx  context.Context
	left limits
	all  limits
	// record is the length of the record, in bytes.
	record int64
}

func newBudget(ctx context.Context, all limits, record int64) *budget {
	return &budget{ctx: ctx, left: all, all: all, record: record}
}

// overrunError says that a template has used too much, which it would again.
type overrunError struct{ text string }

func (e *overrunError) Error() string { return e.text }

// write notes bytes of a text.
func (b *budget) write(n int64) error {
	if b.left.written -= n; b.left.written < 0 {
		return &overrunError{"the texts of one request are longer than " + mebibytes(b.all.written) + "; write less, or send the data with call.exec"}
	}
	return nil
}

// step notes one round of a loop.
func (b *budget) step() error {
	if b.left.steps--; b.left.steps < 0 {
		return &overrunError{fmt.Sprintf("the templates of one request go round more than %d times; loop over fewer elements", b.all.steps)}
	}
	if err := b.ctx.Err(); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && (b.all.steps-b.left.steps > manySteps || b.all.made-b.left.made > manyBytes) {
			return &overrunError{"the template does not end within the time that it has; loop over fewer elements"}
		}
		return err
	}
	return nil
}

// mayMake is an error if a function must not give a text of so many bytes.
func (b *budget) mayMake(most int64) error {
	if most > b.left.made {
		return &overrunError{"the functions of a template give more than " + mebibytes(b.all.made) + "; make shorter texts"}
	}
	return nil
}

// made notes what a function has given.
func (b *budget) made(text string) string {
	b.left.made -= int64(len(text))
	return text
}

func mebibytes(n int64) string { return fmt.Sprintf("%.3g MiB", float64(n)/(1<<20)) }

// boundedText is written by a template. Rounds of loops write nothing, see markLoops.
type boundedText struct {
	strings.Builder
	budget *budget
}

func (t *boundedText) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, t.budget.step()
	}
	if err := t.budget.write(int64(len(p))); err != nil {
		return 0, err
	}
	return t.Builder.Write(p)
}

// unfinished is the failure of a text that was not filled in to its end; nil if the
// error is another one.
func unfinished(field string, err error) *job.CallError {
	var overrun *overrunError
	switch {
	case errors.As(err, &overrun):
		return &job.CallError{Kind: "template", Message: "call.http." + field + ": " + overrun.text}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &job.CallError{Kind: "timeout", Message: "call.http." + field + ": the template was interrupted", Retry: true}
	}
	return nil
}
