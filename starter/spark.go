package main

import (
	"slices"
	"strings"
	"time"
)

const (
	// sparkStep is the time of one character.
	sparkStep = 3 * time.Second
	sparkLen  = int(time.Minute / sparkStep)
	// leastSpark is how many characters say something.
	leastSpark = 4
)

var sparkLevels = []rune("▁▂▃▄▅▆▇█")

// spark is the rate of the last minute, step by step.
type spark struct {
	rates []float64
	// from and done are where the step began that is under way.
	from time.Time
	done int64
}

// add takes a count. What it says beyond the possible rate are answers that were
// there before; 0 if the possible rate is not known, and then they are not shown.
func (k *spark) add(at time.Time, done int64, possible float64) {
	if k.from.IsZero() || possible == 0 {
		k.from, k.done = at, done
		return
	}
	took := at.Sub(k.from)
	if took < sparkStep {
		return
	}
	rate := min(possible, float64(done-k.done)/took.Seconds())
	for range min(int(took/sparkStep), sparkLen) {
		k.rates = append(k.rates, rate)
	}
	k.rates = k.rates[max(0, len(k.rates)-sparkLen):]
	k.from, k.done = at, done
}

// String is empty while there is too little to see.
func (k *spark) String() string {
	if len(k.rates) < leastSpark {
		return ""
	}
	highest := slices.Max(k.rates)
	if highest == 0 {
		return ""
	}
	var b strings.Builder
	for _, rate := range k.rates {
		b.WriteRune(sparkLevels[min(len(sparkLevels)-1, int(rate/highest*float64(len(sparkLevels))))])
	}
	return b.String()
}
