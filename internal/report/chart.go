package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/go-analyze/charts"
	"golang.org/x/image/font/gofont/gomono"

	"longhaul/job"
)

const (
	chartWidth  = 960
	chartHeight = 300
	fontSize    = 10
	areaAlpha   = 50
)

// Charts are drawn once, in placeholder colours. inlineSVG swaps each for a CSS
// variable, and the page's style says what it is in light and in dark.
var (
	inkText = charts.Color{R: 1, A: 255}
	inkAxis = charts.Color{R: 2, A: 255}
	inkGrid = charts.Color{R: 3, A: 255}
	inkGood = charts.Color{R: 4, A: 255}
	inkBad  = charts.Color{R: 5, A: 255}
	inkMark = charts.Color{R: 6, A: 255}

	toCSS = strings.NewReplacer(
		":"+inkText.String(), ":var(--ink-text)",
		":"+inkAxis.String(), ":var(--ink-axis)",
		":"+inkGrid.String(), ":var(--ink-grid)",
		":"+inkGood.String(), ":var(--ink-good)",
		":"+inkGood.WithAlpha(areaAlpha).String(), ":var(--ink-area)",
		":"+inkBad.String(), ":var(--ink-bad)",
		":"+inkMark.String(), ":var(--ink-mark)",
	)
)

const fontFamily = "gomono"

// Text is measured here and drawn by the reader's browser. Monospaced fonts nearly
// all share one advance width, so the page can name any of them and nothing moves.
func init() {
	if err := charts.InstallFont(fontFamily, gomono.TTF); err != nil {
		panic(err) // the font is compiled in
	}
}

func newPainter(height int) *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG,
		Width:        chartWidth,
		Height:       height,
		Font:         charts.GetFont(fontFamily),
	})
}

func theme(series ...charts.Color) charts.ColorPalette {
	return charts.MakeTheme(charts.ThemeOption{
		BackgroundColor:    charts.ColorTransparent,
		TextColor:          inkText,
		AxisStrokeColor:    inkAxis,
		AxisSplitLineColor: inkGrid,
		SeriesColors:       series,
	})
}

func font() charts.FontStyle {
	return charts.FontStyle{FontSize: fontSize, FontColor: inkText, Font: charts.GetFont(fontFamily)}
}

func padding() charts.Box {
	return charts.NewBox(4, 16, 16, 4) // left, top, right, bottom
}

// inlineSVG makes a rendered chart fit to stand inside an HTML page.
func inlineSVG(svg []byte, id, title string) template.HTML {
	open := fmt.Sprintf(`<svg role="img" aria-labelledby="%s-title"`, id)
	name := fmt.Sprintf(`><title id="%s-title">%s</title>`, id, template.HTMLEscapeString(title))
	s := toCSS.Replace(string(svg))
	s = strings.Replace(s, "<svg", open, 1)
	return template.HTML(strings.Replace(s, ">", name, 1)) //nolint:gosec // the library escapes the texts in it
}

// throughputChart draws rates, one every step, as a filled line. An axis label falls
// on every sixth part of the time, so len(rates)-1 should be a multiple of six.
func throughputChart(rates []float64, step time.Duration) ([]byte, error) {
	opt := charts.NewLineChartOptionWithData([][]float64{rates})
	opt.Theme = theme(inkGood)
	opt.Padding = padding()
	opt.Legend.Show = charts.Ptr(false)
	opt.Symbol.Shape = charts.SymbolNone
	opt.LineStrokeWidth = 1.5
	opt.FillArea = charts.Ptr(true)
	opt.FillOpacity = areaAlpha
	opt.ValueFormatter = number
	for i := range rates {
		opt.XAxis.Labels[i] = clock(time.Duration(i)*step, time.Duration(len(rates))*step)
	}
	opt.XAxis.LabelCount = 7
	opt.XAxis.LabelFontStyle = font()
	opt.YAxis[0] = countAxis(rates, 0)
	p := newPainter(chartHeight)
	if err := p.LineChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

// clock also tells the parts of a second if the whole takes less than two minutes.
func clock(d, whole time.Duration) string {
	if whole < 2*time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// countAxis runs from zero past the largest value in at most six round steps, none
// below leastStep. Left to itself the library takes steps such as 11k, and gives small
// values a single one.
func countAxis(values []float64, leastStep float64) charts.ValueAxisOption {
	top := slices.Max(values) * 1.05 // room for a label above the largest
	step := max(roundUp(top/6), leastStep)
	steps := max(math.Ceil(top/step), 1)
	return charts.ValueAxisOption{
		Min:            charts.Ptr(0.0),
		Max:            charts.Ptr(step * steps),
		LabelCount:     int(steps) + 1,
		LabelFontStyle: font(),
		ValueFormatter: number,
	}
}

func number(v float64) string {
	if v == math.Trunc(v) {
		return humanize.Comma(int64(v))
	}
	return humanize.CommafWithDigits(v, 2)
}

// roundUp returns the least of 1, 2 and 5 times a power of ten that is not below v.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 5} {
		if v <= digit*power {
			return digit * power
		}
	}
	return 10 * power
}

// bucket counts the latencies from Lower up to the next bucket's Lower.
type bucket struct {
	Lower time.Duration
	Count int64
}

// mark names the bucket that holds a percentile.
type mark struct {
	Name   string
	Bucket int
}

// latencyChart draws one bar a bucket, and makes the marked ones stand out.
func latencyChart(buckets []bucket, marks []mark) ([]byte, error) {
	counts := make([]float64, len(buckets))
	labels := make([]string, len(buckets))
	for i, b := range buckets {
		counts[i] = float64(b.Count)
		if i%4 == 0 {
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
	opt.ValueAxis[0] = countAxis(counts, 1)
	p := newPainter(chartHeight)
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

// latencySeries gives each mark a series of its own, stacked in place of its bar:
// the library tells a label's formatter the series it labels, not the bar.
func latencySeries(counts []float64, marks []mark) charts.BarSeriesList {
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

func shortDuration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}

// failureChart draws one horizontal bar a kind, the first on top.
func failureChart(kinds []job.FailureCount) ([]byte, error) {
	counts := make([]float64, len(kinds))
	labels := make([]string, len(kinds))
	for i, k := range kinds {
		counts[i] = float64(k.Count)
		labels[i] = shorten(k.String(), 36)
	}
	slices.Reverse(counts) // the library draws from the bottom up
	slices.Reverse(labels)
	opt := charts.NewBarChartOptionWithData([][]float64{counts})
	opt.Horizontal = true
	opt.Theme = theme(inkBad)
	opt.Padding = padding()
	opt.Legend.Show = charts.Ptr(false)
	opt.CategoryAxis = charts.CategoryAxisOption{Labels: labels, LabelFontStyle: font()}
	opt.ValueAxis[0].Show = charts.Ptr(false)
	opt.ValueAxis[0].Min = charts.Ptr(0.0)
	opt.SeriesList[0].Label = charts.SeriesLabel{
		Show:           charts.Ptr(true),
		FontStyle:      font(),
		ValueFormatter: number,
	}
	p := newPainter(24 + 36*len(kinds))
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
