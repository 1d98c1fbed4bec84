package journal

import (
	"cmp"
	"slices"

	"longhaul/job"
)

// Answered is which records of a range have an answer in a journal.
type Answered struct {
	job.Totals
	// Journals hold the answers.
	Journals []job.JournalRef

	of job.Range
	// done says which have an answer, succeeded which have a good one.
	done, succeeded []bool
	// died are the calls in flight of attempts whose process died.
	died []inFlight
}

// Deaths counts the calls of a record that neither came back nor have a result:
// the process died, or was lost, while it made them.
type Deaths struct {
	// All counts them, Alone those that were the only call of their process.
	All, Alone int
}

// Suspect is a record without an answer that a process may have died of.
type Suspect struct {
	Index int64
	Deaths
}

// inFlight are the calls of one attempt that have begun and not come back, by index; the
// value says whether the call is the only one of its process.
type inFlight map[int64]bool

func (f inFlight) mark(mark job.Mark) {
	if mark.Back {
		delete(f, mark.Index)
	} else {
		f[mark.Index] = mark.Alone
	}
}

// newAnswered is for a range of which no record has an answer yet.
func newAnswered(r job.Range) *Answered {
	return &Answered{of: r, done: make([]bool, r.Len()), succeeded: make([]bool, r.Len())}
}

// add notes an answer; false if the record is not in the range or has one.
func (a *Answered) add(index int64, totals job.Totals) bool {
	if index < a.of.First || index >= a.of.Last {
		return false
	}
	a.succeeded[index-a.of.First] = a.succeeded[index-a.of.First] || totals.Succeeded > 0
	if a.done[index-a.of.First] {
		return false
	}
	a.done[index-a.of.First] = true
	a.Totals = a.Add(totals)
	return true
}

// addDeath notes what was in flight when the process of an attempt died.
func (a *Answered) addDeath(calls inFlight) {
	for index := range calls {
		if index < a.of.First || index >= a.of.Last {
			delete(calls, index)
		}
	}
	if len(calls) > 0 {
		a.died = append(a.died, calls)
	}
}

// Suspects are in order of suspicion, the least suspicious first.
func (a *Answered) Suspects() []Suspect {
	deaths := map[int64]Deaths{}
	for _, calls := range a.died {
		for index, alone := range calls {
			of := deaths[index]
			if of.All++; alone {
				of.Alone++
			}
			deaths[index] = of
		}
	}
	var suspects []Suspect
	for index, deaths := range deaths {
		if !a.Has(index) {
			suspects = append(suspects, Suspect{index, deaths})
		}
	}
	slices.SortFunc(suspects, func(x, y Suspect) int {
		return cmp.Or(cmp.Compare(x.Alone, y.Alone), cmp.Compare(x.All, y.All), cmp.Compare(x.Index, y.Index))
	})
	return suspects
}

// Kills counts the deaths that were no call's fault: all that were in flight have
// succeeded since.
func (a *Answered) Kills() (kills int) {
	for _, calls := range a.died {
		innocent := true
		for index := range calls {
			innocent = innocent && a.succeeded[index-a.of.First]
		}
		if innocent {
			kills++
		}
	}
	return kills
}

// Has says whether the record has an answer.
func (a *Answered) Has(index int64) bool { return a.done[index-a.of.First] }

// Complete says whether every record of the range has one.
func (a *Answered) Complete() bool { return a.Done() == a.of.Len() }
