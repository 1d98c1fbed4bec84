package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/go-analyze/charts"
)

// The axis of the latencies ends at these percentiles; what is beyond is counted in
// the first and the last bar.
const (
	lowest  = 0.1
	highest = 99.9
)

// bucket counts the latencies from Lower up to the next bucket's Lower.
type bucket struct {
	Lower time.Duration
	Count int64
}

// percentile names the bucket that holds one.
type percentile struct {
	Name   string
	Bucket int
}

// buckets are bars of equal ratio.
func buckets(histogram *hdrhistogram.Histogram, bars int) (counted []bucket, marks []percentile) {
	low := float64(max(histogram.ValueAtPercentile(lowest), 1))
	high := float64(histogram.ValueAtPercentile(highest) + 1)
	ratio := math.Pow(max(high/low, 1.5), 1/float64(bars))
	at := func(micros int64) int {
		return min(max(int(math.Log(float64(max(micros, 1))/low)/math.Log(ratio)), 0), bars-1)
	}
	counted = make([]bucket, bars)
	for i := range counted {
		counted[i].Lower = time.Duration(low*math.Pow(ratio, float64(i))) * time.Microsecond
	}
	for _, bar := range histogram.Distribution() {
		counted[at(bar.From)].Count += bar.Count
	}
	for _, q := range []float64{50, 95, 99} {
		bar := at(histogram.ValueAtPercentile(q))
		if !slices.ContainsFunc(marks, func(m percentile) bool { return m.Bucket == bar }) {
			marks = append(marks, percentile{fmt.Sprintf("p%.0f", q), bar})
		}
	}
	return counted, marks
}

// latency is the figure.
func latency(facts Facts) (figure, error) {
	f := figure{ID: "latency", Title: "Latency of the calls (logarithmic)"}
	histogram, err := hdrhistogram.Decode([]byte(facts.Latency))
	if err != nil || histogram.TotalCount() == 0 {
		return f, nil //nolint:nilerr // without a histogram there is no chart
	}
	var words strings.Builder
	for _, q := range []float64{50, 95, 99} {
		fmt.Fprintf(&words, "p%.0f %s, ", q, micros(histogram.ValueAtPercentile(q)))
	}
	f.Caption = "Records by the time that their last call took: " + words.String() + "slowest " + micros(histogram.Max()) +
		". The axis is logarithmic, from p0.1 to p99.9; the first and the last bar count what is beyond."
	return f, f.draw(func(s size) ([]byte, error) {
		counted, marks := buckets(histogram, s.bars)
		return latencyChart(counted, marks, s)
	})
}

// latencyChart draws one bar a bucket, and makes the marked ones stand out.
func latencyChart(counted []bucket, marks []percentile, s size) ([]byte, error) {
	counts := make([]float64, len(counted))
	labels := make([]string, len(counted))
	for i, b := range counted {
		counts[i] = float64(b.Count)
		if i%s.labelEvery == 0 {
			labels[i] = shortDuration(b.Lower)
		}
	}
	opt := charts.NewBarChartOptionWithSeries(latencySeries(counts, marks))
	opt.Theme = theme(append([]charts.Color{inkGood}, slices.Repeat([]charts.Color{inkMark}, len(marks))...)...)
	opt.Padding = padding()
	opt.Legend.Show = charts.Ptr(false)
	opt.StackSeries = charts.Ptr(true)
	opt.ValueFormatter = number
	opt.CategoryAxis = charts.CategoryAxisOption{
		Labels:         labels,
		LabelCount:     len(labels), // or the library picks labels to leave out
		BoundaryGap:    charts.Ptr(true),
		LabelFontStyle: font(),
	}
	opt.ValueAxis[0] = countAxis(counts)
	p := newPainter(s.width, s.height)
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

// latencySeries gives each mark a series of its own, stacked in place of its bar:
// the library tells a label's formatter the series it labels, not the bar.
func latencySeries(counts []float64, marks []percentile) charts.BarSeriesList {
	plain := slices.Clone(counts)
	series := make(charts.BarSeriesList, 1, 1+len(marks))
	series[0].Values = plain
	for _, m := range marks {
		marked := slices.Repeat([]float64{charts.GetNullValue()}, len(counts))
		marked[m.Bucket], plain[m.Bucket] = plain[m.Bucket], charts.GetNullValue()
		series = append(series, charts.BarSeries{
			Values: marked,
			Label: charts.SeriesLabel{
				Show:           charts.Ptr(true),
				FontStyle:      font(),
				ValueFormatter: func(float64) string { return m.Name },
			},
		})
	}
	return series
}

func micros(value int64) string { return shortDuration(time.Duration(value) * time.Microsecond) }

// shortDuration has three digits.
func shortDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	case d < 1000*time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	default:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
}
