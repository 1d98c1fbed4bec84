package main

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/job"
)

// speedWindow is the stretch of time that the rate is the mean of.
const speedWindow = 15 * time.Second

// longestGuess is how long an estimate goes on without news.
const longestGuess = 10 * time.Second

// speed is the rate of the last seconds.
type speed struct {
	points []point
	// told is the last news, shown the highest estimate.
	told, shown int64
	toldAt      time.Time
}

type point struct {
	at   time.Time
	done int64
}

func (v *speed) add(s snapshot) {
	if !s.known || s.Records == 0 {
		return
	}
	v.points = append(v.points, point{s.at, s.done()})
	for len(v.points) > 2 && s.at.Sub(v.points[1].at) >= speedWindow {
		v.points = v.points[1:]
	}
}

// perSecond is 0 while there is nothing to tell it from.
func (v *speed) perSecond() float64 {
	if len(v.points) < 2 {
		return 0
	}
	first, last := v.points[0], v.points[len(v.points)-1]
	return max(0, float64(last.done-first.done)/last.at.Sub(first.at).Seconds())
}

// estimate is how many records are done by now: what is told, and what should have
// been done since at this rate. Chunks tell of their records every few seconds.
func (v *speed) estimate(s snapshot) int64 {
	done := s.done()
	if s.Phase != job.PhaseRunning || done > v.told {
		v.told, v.toldAt = done, s.at
	}
	since := min(s.at.Sub(v.toldAt), longestGuess)
	v.shown = max(v.shown, done+int64(v.perSecond()*since.Seconds()))
	return min(v.shown, s.Records)
}

func (v *speed) rate() string {
	perSecond := v.perSecond()
	if perSecond < 10 {
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return humanize.Comma(int64(perSecond)) + "/s"
}

// left is the time left at this rate, to the second.
func (v *speed) left(s snapshot) string {
	perSecond := v.perSecond()
	if perSecond == 0 {
		return "?"
	}
	seconds := float64(s.Records-s.done()) / perSecond
	return (time.Duration(seconds) * time.Second).String()
}
