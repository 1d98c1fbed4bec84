package display

import (
	"slices"
	"strings"
	"time"
)

const (
	// sparklineStep is the time of one character.
	sparklineStep   = 3 * time.Second
	sparklineLength = int(time.Minute / sparklineStep)
	// leastSparkline is how many characters say something.
	leastSparkline = 4
)

var sparklineLevels = []rune("▁▂▃▄▅▆▇█")

// sparkline is the rate of the last minute, step by step.
type sparkline struct {
	rates []float64
	// from and done are where the step began that is under way.
	from time.Time
	done int64
}

// add takes a count. What it says beyond the possible rate are answers that were
// there before; 0 if the possible rate is not known, and then they are not shown.
func (l *sparkline) add(at time.Time, done int64, possible float64) {
	if l.from.IsZero() || possible == 0 {
		l.from, l.done = at, done
		return
	}
	took := at.Sub(l.from)
	if took < sparklineStep {
		return
	}
	rate := min(possible, float64(done-l.done)/took.Seconds())
	for range min(int(took/sparklineStep), sparklineLength) {
		l.rates = append(l.rates, rate)
	}
	l.rates = l.rates[max(0, len(l.rates)-sparklineLength):]
	l.from, l.done = at, done
}

// String is empty while there is too little to see.
func (l *sparkline) String() string {
	if len(l.rates) < leastSparkline {
		return ""
	}
	highest := slices.Max(l.rates)
	if highest == 0 {
		return ""
	}
	var b strings.Builder
	for _, rate := range l.rates {
		b.WriteRune(sparklineLevels[min(len(sparklineLevels)-1, int(rate/highest*float64(len(sparklineLevels))))])
	}
	return b.String()
}
