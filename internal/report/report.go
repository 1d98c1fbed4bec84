package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/dustin/go-humanize"

	"longhaul/job"
)

const (
	// points of the throughput; six sections of as many steps.
	points = 6*10 + 1
	// bars of the latencies.
	bars = 32
	// maxFailures bounds the list of failures.
	maxFailures = 50
	maxKinds    = 12
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"base":  path.Base,
	"count": humanize.Comma,
	"when":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
}).Parse(pageText))

// view is what the page shows.
type view struct {
	job.Facts
	Took    time.Duration
	PerSec  string
	Figures []figure
}

// figure is one chart with the words around it.
type figure struct {
	ID, Title, Caption string
	SVG                template.HTML
}

// Write writes the page.
func Write(w io.Writer, facts job.Facts) error {
	v := view{Facts: facts, Took: facts.Ended.Sub(facts.Started).Round(time.Second / 10)}
	if v.Took > 0 {
		v.PerSec = fmt.Sprintf("%.1f", float64(facts.Done())/v.Took.Seconds())
	}
	for _, draw := range []func(job.Facts) (figure, []byte, error){throughput, latency, failures} {
		drawn, svg, err := draw(facts)
		if err != nil {
			return fmt.Errorf("draw %s: %w", drawn.ID, err)
		}
		if svg != nil {
			drawn.SVG = inlineSVG(svg, drawn.ID, drawn.Title)
			v.Figures = append(v.Figures, drawn)
		}
	}
	if len(v.Failures) > maxFailures {
		v.Failures = v.Failures[:maxFailures]
	}
	return page.Execute(w, v)
}

// throughput spreads the records of each chunk over the time that it took.
func throughput(facts job.Facts) (f figure, svg []byte, err error) {
	f = figure{ID: "throughput", Title: "Throughput over time"}
	if len(facts.Finished) == 0 {
		return f, nil, nil
	}
	from, to := facts.Finished[0].From, facts.Finished[0].At
	for _, chunk := range facts.Finished {
		if chunk.From.Before(from) {
			from = chunk.From
		}
		if chunk.At.After(to) {
			to = chunk.At
		}
	}
	step := max(to.Sub(from)/(points-1), time.Millisecond)
	rates := make([]float64, points)
	for _, chunk := range facts.Finished {
		spread(rates, chunk, from, step)
	}
	f.Caption = fmt.Sprintf("Records per second, by time since %s.", from.UTC().Format("2006-01-02 15:04:05 UTC"))
	svg, err = throughputChart(rates, step)
	return f, svg, err
}

// spread adds a chunk's records per second to the points that it covers.
func spread(rates []float64, chunk job.Finished, from time.Time, step time.Duration) {
	first := min(int(chunk.From.Sub(from)/step), points-1)
	last := max(first, min(int(chunk.At.Sub(from)/step), points-1))
	each := float64(chunk.Records) / float64(last-first+1) / step.Seconds()
	for i := first; i <= last; i++ {
		rates[i] += each
	}
}

// latency draws bars of equal ratio from the fastest call to the slowest.
func latency(facts job.Facts) (f figure, svg []byte, err error) {
	f = figure{ID: "latency", Title: "Latency of the calls"}
	histogram, err := hdrhistogram.Decode([]byte(facts.Latency))
	if err != nil || histogram.TotalCount() == 0 {
		return f, nil, nil //nolint:nilerr // without a histogram there is no chart
	}
	low := float64(max(histogram.Min(), 1))
	ratio := math.Pow(max(float64(histogram.Max()+1)/low, 1.5), 1.0/bars)
	at := func(micros int64) int {
		return min(max(int(math.Log(float64(max(micros, 1))/low)/math.Log(ratio)), 0), bars-1)
	}
	buckets := make([]bucket, bars)
	for i := range buckets {
		buckets[i].Lower = time.Duration(low*math.Pow(ratio, float64(i))) * time.Microsecond
	}
	for _, bar := range histogram.Distribution() {
		buckets[at(bar.From)].Count += bar.Count
	}
	var marks []mark
	var words strings.Builder
	for _, q := range []float64{50, 95, 99} {
		value := histogram.ValueAtQuantile(q)
		fmt.Fprintf(&words, " p%.0f %s,", q, shortDuration(time.Duration(value)*time.Microsecond))
		if bar := at(value); !slices.ContainsFunc(marks, func(m mark) bool { return m.Bucket == bar }) {
			marks = append(marks, mark{fmt.Sprintf("p%.0f", q), bar})
		}
	}
	f.Caption = "Records by the latency of their last call:" + words.String() + " slowest " + shortDuration(time.Duration(histogram.Max())*time.Microsecond) + "."
	svg, err = latencyChart(buckets, marks)
	return f, svg, err
}

func failures(facts job.Facts) (f figure, svg []byte, err error) {
	f = figure{ID: "failures", Title: "Failed records by kind", Caption: "longhaul redrive calls them again."}
	var kinds []job.FailureCount
	for _, group := range facts.Failures {
		kind := job.FailureCount{Kind: group.Failure.Kind, Status: group.Failure.Status}
		at := slices.IndexFunc(kinds, func(k job.FailureCount) bool { return k.Kind == kind.Kind && k.Status == kind.Status })
		if at < 0 {
			at = len(kinds)
			kinds = append(kinds, kind)
		}
		kinds[at].Count += group.Count
	}
	if len(kinds) == 0 {
		return f, nil, nil
	}
	slices.SortStableFunc(kinds, func(a, b job.FailureCount) int { return int(b.Count - a.Count) })
	svg, err = failureChart(kinds[:min(len(kinds), maxKinds)])
	return f, svg, err
}
