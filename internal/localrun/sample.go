package localrun

import (
	"context"

	"github.com/dustin/go-humanize"

	"longhaul/internal/display"
	"longhaul/job"
)

// goOn shows what a sample was like, and runs the other records if the user wants that.
func (r *run) goOn(ctx context.Context, summary job.Summary) error {
	display.Sample(r.Out, r.Spec, summary)
	others := humanize.Comma(summary.Records - summary.Sample.Records)
	yes := r.Yes
	if answer := asker(r.In, r.Stderr); answer != nil && !yes {
		var err error
		if yes, err = answer(ctx, "run the other "+others+" records? [y/N] "); err != nil {
			return cause(ctx, ctx, err)
		}
	}
	if !yes {
		r.say("the answers are kept; the same command without --sample runs the other %s records, and so does --yes", others)
		return nil
	}
	r.Spec.Sample = nil
	return r.work(ctx)
}
