package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

const day = 24 * time.Hour

// roundSteps are those of clocks.
var roundSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day,
}

// roundStep is the least round time that is not below d; from a day on, so many
// days.
func roundStep(d time.Duration) time.Duration {
	for _, step := range roundSteps {
		if step >= d {
			return step
		}
	}
	return time.Duration(roundUp(float64(d)/float64(day))) * day
}

// tickLabel is a place of a time axis with ticks of this length.
func tickLabel(at, tick, total time.Duration) string {
	switch {
	case at == 0:
		return "0"
	case tick < time.Second:
		return strconv.FormatFloat(at.Seconds(), 'f', -1, 64) + " s"
	case tick < time.Minute && total <= 2*time.Minute:
		return fmt.Sprintf("%d s", at/time.Second)
	case tick < time.Minute:
		return fmt.Sprintf("%d:%02d min", at/time.Minute, at%time.Minute/time.Second)
	case tick < time.Hour && total <= 2*time.Hour:
		return fmt.Sprintf("%d min", at/time.Minute)
	case tick < time.Hour:
		return fmt.Sprintf("%d:%02d h", at/time.Hour, at%time.Hour/time.Minute)
	case tick < day && total <= 2*day:
		return fmt.Sprintf("%d h", at/time.Hour)
	case tick < day:
		return fmt.Sprintf("%d d %d h", at/day, at%day/time.Hour)
	default:
		return fmt.Sprintf("%d d", at/day)
	}
}

// humanDuration has at most two units.
func humanDuration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 10*time.Minute:
		return twoUnits(d.Round(time.Second), time.Minute, time.Second, "min", "s")
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < day:
		return twoUnits(d.Round(time.Minute), time.Hour, time.Minute, "h", "min")
	default:
		return twoUnits(d.Round(time.Hour), day, time.Hour, "d", "h")
	}
}

func twoUnits(d, large, small time.Duration, largeName, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

// valueTicks are at most six round steps from zero past the largest value, none
// below leastStep.
func valueTicks(top, leastStep float64) (step float64, steps int) {
	step = max(roundUp(top*1.05/6), leastStep) // room for a label above the largest
	return step, max(int(math.Ceil(top*1.05/step)), 1)
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

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
