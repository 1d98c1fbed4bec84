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

	of   job.Range
	done []bool
	// deaths are by index; only records that were marked are in it.
	deaths map[int64]Deaths
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

// newAnswered is for a range of which no record has an answer yet.
func newAnswered(r job.Range) *Answered {
	return &Answered{of: r, done: make([]bool, r.Len())}
}

// add notes an answer; false if the record is not in the range or has one.
func (a *Answered) add(index int64, totals job.Totals) bool {
	if index < a.of.First || index >= a.of.Last || a.done[index-a.of.First] {
		return false
	}
	a.done[index-a.of.First] = true
	a.Totals = a.Add(totals)
	return true
}

// mark notes that a call began, or came back.
func (a *Answered) mark(mark job.Mark) {
	if mark.Index < a.of.First || mark.Index >= a.of.Last {
		return
	}
	if a.deaths == nil {
		a.deaths = map[int64]Deaths{}
	}
	change := 1
	if mark.Back {
		change = -1
	}
	deaths := a.deaths[mark.Index]
	deaths.All += change
	if mark.Alone {
		deaths.Alone += change
	}
	a.deaths[mark.Index] = deaths
}

// Suspects are in order of suspicion, the worst first.
func (a *Answered) Suspects() []Suspect {
	var suspects []Suspect
	for index, deaths := range a.deaths {
		if deaths.All > 0 && !a.Has(index) {
			suspects = append(suspects, Suspect{index, deaths})
		}
	}
	slices.SortFunc(suspects, func(x, y Suspect) int {
		return cmp.Or(cmp.Compare(y.Alone, x.Alone), cmp.Compare(y.All, x.All), cmp.Compare(x.Index, y.Index))
	})
	return suspects
}

// Has says whether the record has an answer.
func (a *Answered) Has(index int64) bool { return a.done[index-a.of.First] }

// Complete says whether every record of the range has one.
func (a *Answered) Complete() bool { return a.Done() == a.of.Len() }
