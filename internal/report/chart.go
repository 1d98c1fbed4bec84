package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/go-analyze/charts"
	"golang.org/x/image/font/gofont/gomono"

	"longhaul/job"
)

const (
	fontSize  = 10
	areaAlpha = 50
)

// size is that of a chart. Each is drawn for wide and for narrow pages, because
// text in an SVG shrinks with it.
type size struct {
	name          string
	width, height int
	// ticks of a time axis at most.
	ticks int
	// bars of latency, and how many of them have a label.
	bars, labelEvery int
}

var sizes = []size{
	{name: "wide", width: 960, height: 300, ticks: 12, bars: 32, labelEvery: 4},
	{name: "narrow", width: 460, height: 260, ticks: 6, bars: 20, labelEvery: 5},
}

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
		":"+inkMark.WithAlpha(areaAlpha).String(), ":var(--ink-stop)",
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

func newPainter(width, height int) *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG,
		Width:        width,
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
func inlineSVG(svg []byte, id, class, title string) template.HTML {
	open := fmt.Sprintf(`<svg class="%s" role="img" aria-labelledby="%s-%s"`, class, id, class)
	name := fmt.Sprintf(`><title id="%s-%s">%s</title>`, id, class, template.HTMLEscapeString(title))
	s := toCSS.Replace(string(svg))
	s = strings.Replace(s, "<svg", open, 1)
	return template.HTML(strings.Replace(s, ">", name, 1)) //nolint:gosec // the library escapes the texts in it
}

// countAxis is the value axis of a bar chart. Left to itself the library takes
// steps such as 11k, and gives small values a single one.
func countAxis(values []float64) charts.ValueAxisOption {
	step, steps := valueTicks(slices.Max(values), 1)
	return charts.ValueAxisOption{
		Min:            charts.Ptr(0.0),
		Max:            charts.Ptr(step * float64(steps)),
		LabelCount:     steps + 1,
		LabelFontStyle: font(),
		ValueFormatter: number,
	}
}

// failureChart draws one horizontal bar a kind, the first on top.
func failureChart(kinds []job.FailureCount, records int64, s size) ([]byte, error) {
	counts := make([]float64, len(kinds))
	labels := make([]string, len(kinds))
	for i, k := range kinds {
		counts[i] = float64(k.Count)
		labels[i] = shorten(k.String(), s.width/26)
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
	opt.ValueAxis[0].Max = charts.Ptr(slices.Max(counts) * 1.3) // room for the label
	opt.SeriesList[0].Label = charts.SeriesLabel{
		Show:      charts.Ptr(true),
		FontStyle: font(),
		ValueFormatter: func(v float64) string {
			return number(v) + " (" + job.PercentOf(int64(v), records) + ")"
		},
	}
	p := newPainter(s.width, 24+36*len(kinds))
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
