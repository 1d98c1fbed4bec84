package report

import (
	"slices"
	"time"

	"github.com/go-analyze/charts"
)

const (
	// labelRows is how many labels of marks stand above each other at most.
	labelRows = 4
	rowHeight = 14
	gap       = 6
	axisSpace = 24
	ascent    = 4
)

// plot is the inside of the axes, in pixels.
type plot struct {
	*charts.Painter
	left, top, right, bottom int
	// span is the time from left to right, most the value at the top.
	span time.Duration
	most float64
}

func (p plot) x(at time.Duration) int {
	return p.left + int(float64(p.right-p.left)*float64(at)/float64(p.span))
}

func (p plot) y(value float64) int {
	return p.bottom - int(float64(p.bottom-p.top)*value/p.most)
}

func (p plot) line(x1, y1, x2, y2 int, ink charts.Color) {
	p.LineStroke([]charts.Point{{X: x1, Y: y1}, {X: x2, Y: y2}}, ink, 1)
}

func (p plot) textWidth(text string) int { return p.MeasureText(text, 0, font()).Width() }

// throughputChart draws the rates as a filled line, with the marks on it. The
// library's line chart has neither marks nor round times.
func throughputChart(c curve, s size) ([]byte, error) {
	step, steps := valueTicks(slices.Max(c.rates), 0)
	p := plot{
		Painter: newPainter(s.width, s.height), right: s.width - 16, bottom: s.height - axisSpace,
		span: c.total, most: step * float64(steps),
	}
	for i := range steps + 1 {
		p.left = max(p.left, p.textWidth(number(step*float64(i)))+gap)
	}
	rows := p.rowsOf(c.marks)
	p.top = 8
	if len(c.marks) > 0 {
		p.top += rowHeight * (1 + slices.Max(rows))
	}
	for i := range steps + 1 {
		value := step * float64(i)
		label := number(value)
		p.line(p.left, p.y(value), p.right, p.y(value), inkGrid)
		p.Text(label, p.left-gap-p.textWidth(label), p.y(value)+ascent, 0, font())
	}
	p.timeAxis(s.ticks)
	points := p.curve(c)
	p.FillArea(slices.Concat([]charts.Point{{X: p.left, Y: p.bottom}}, points, []charts.Point{{X: p.right, Y: p.bottom}}), inkGood.WithAlpha(areaAlpha))
	p.LineStroke(points, inkGood, 1.5)
	for i, m := range c.marks {
		p.mark(m, rows[i])
	}
	return p.Bytes()
}

// curve is a point in the middle of each step, and one at each end.
func (p plot) curve(c curve) []charts.Point {
	points := []charts.Point{{X: p.left, Y: p.y(c.rates[0])}}
	for i, rate := range c.rates {
		points = append(points, charts.Point{X: p.x(time.Duration(i)*c.step + c.width(i)/2), Y: p.y(rate)})
	}
	return append(points, charts.Point{X: p.right, Y: p.y(c.rates[len(c.rates)-1])})
}

func (p plot) timeAxis(ticks int) {
	tick := roundStep(p.span / time.Duration(ticks))
	p.line(p.left, p.bottom, p.right, p.bottom, inkAxis)
	free := 0
	for at := time.Duration(0); at <= p.span; at += tick {
		label := tickLabel(at, tick, p.span)
		p.line(p.x(at), p.bottom, p.x(at), p.bottom+4, inkAxis)
		width := p.textWidth(label)
		from := min(p.x(at)-width/2, p.right+12-width)
		if from >= free {
			p.Text(label, from, p.bottom+axisSpace-gap, 0, font())
			free = from + width + gap
		}
	}
}

// rowsOf gives each mark's label a row where no label hides another and no line
// crosses one; -1 where there is none.
func (p plot) rowsOf(marks []mark) []int {
	rows := make([]int, len(marks))
	var free [labelRows]int
	for i, m := range marks {
		// Its line begins at its label: no label below may reach so far.
		row := 0
		for r, until := range free {
			if until > p.x(m.from) {
				row = r + 1
			}
		}
		from := p.labelAt(m)
		if row == labelRows || from <= p.x(m.from) && p.crossed(marks[:i], from) {
			rows[i] = -1
			continue
		}
		rows[i] = row
		free[row] = from + p.textWidth(m.label) + gap
	}
	return rows
}

// crossed says whether the line of an earlier mark, or its label, is right of x.
func (p plot) crossed(earlier []mark, x int) bool {
	return slices.ContainsFunc(earlier, func(m mark) bool { return p.labelAt(m)+p.textWidth(m.label) > x })
}

// labelAt is where a mark's label begins: right of its line, or where there is room.
func (p plot) labelAt(m mark) int {
	return max(0, min(p.x(m.from)+4, p.right+12-p.textWidth(m.label)))
}

func (p plot) mark(m mark, row int) {
	if p.x(m.to)-p.x(m.from) > 1 {
		p.FillArea([]charts.Point{
			{X: p.x(m.from), Y: p.top}, {X: p.x(m.to), Y: p.top}, {X: p.x(m.to), Y: p.bottom}, {X: p.x(m.from), Y: p.bottom},
		}, inkMark.WithAlpha(areaAlpha))
	}
	from := p.top
	if row >= 0 {
		from = 8 + rowHeight*row
		p.Text(m.label, p.labelAt(m), from+rowHeight-ascent, 0, font())
	}
	p.DashedLineStroke([]charts.Point{{X: p.x(m.from), Y: from}, {X: p.x(m.from), Y: p.bottom}}, inkMark, 1, []float64{4, 3})
}
