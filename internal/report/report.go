package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path"
	"slices"

	"github.com/dustin/go-humanize"

	"longhaul/internal/failures"
	"longhaul/job"
)

const (
	// maxFailures bounds the list of failures.
	maxFailures = 50
	maxKinds    = 12
	// maxColumns is how many cards stand beside each other.
	maxColumns = 6
	// maxRedrives bounds the list of commands.
	maxRedrives = 5
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"base":  path.Base,
	"count": humanize.Comma,
	"share": job.PercentOf,
	"when":  when,
}).Parse(pageText))

// view is what the page shows.
type view struct {
	Facts
	Verdict, Call string
	Cards         []card
	// Columns are those of the cards on a wide page: one row, or two.
	Columns  int
	CallRows []row
	TimeRows []row
	Figures  []figure
	Redrives []failures.Command
	// MoreFailures is how many groups are not listed.
	MoreFailures int
}

// figure is one chart with the words around it.
type figure struct {
	ID, Title, Caption string
	// SVGs are the same chart in every size.
	SVGs []template.HTML
}

func (f *figure) draw(chart func(size) ([]byte, error)) error {
	for _, s := range sizes {
		svg, err := chart(s)
		if err != nil {
			return fmt.Errorf("draw %s, %s: %w", f.ID, s.name, err)
		}
		f.SVGs = append(f.SVGs, inlineSVG(svg, f.ID, s.name, f.Title))
	}
	return nil
}

// Write writes the page.
func Write(w io.Writer, facts Facts) error {
	finished := finishedOf(facts)
	t := newTimeline(finished, facts.Changes, facts.Spec)
	v := view{
		Facts: facts, Verdict: verdict(facts), Call: callOf(facts.Spec.Call),
		Cards: cards(facts, t, finished), CallRows: callRows(facts), TimeRows: timeRows(t),
		Redrives: failures.Redrives(facts.Spec.Output.URI, facts.Failures),
	}
	v.Columns = len(v.Cards)
	if v.Columns > maxColumns {
		v.Columns = (v.Columns + 1) / 2
	}
	v.Redrives = v.Redrives[:min(len(v.Redrives), maxRedrives)]
	for _, draw := range []func(Facts) (figure, error){throughput, latency, failureFigure} {
		f, err := draw(facts)
		if err != nil {
			return err
		}
		if len(f.SVGs) > 0 {
			v.Figures = append(v.Figures, f)
		}
	}
	if v.MoreFailures = len(v.Failures) - maxFailures; v.MoreFailures > 0 {
		v.Failures = v.Failures[:maxFailures]
	}
	return page.Execute(w, v)
}

// failureFigure counts the failed records by kind and status.
func failureFigure(facts Facts) (figure, error) {
	f := figure{ID: "failures", Title: "Failed records", Caption: "By kind, and as a share of all records."}
	var kinds []job.FailureCount
	for _, group := range facts.Failures {
		kinds = job.CountFailure(kinds, job.FailureCount{Kind: group.Failure.Kind, Status: group.Failure.Status, Count: group.Count})
	}
	if len(kinds) == 0 {
		return f, nil
	}
	slices.SortStableFunc(kinds, func(a, b job.FailureCount) int { return int(b.Count - a.Count) })
	kinds = kinds[:min(len(kinds), maxKinds)]
	return f, f.draw(func(s size) ([]byte, error) { return failureChart(kinds, facts.Records, s) })
}
