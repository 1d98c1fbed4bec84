package job

// Answered is which records of a range have an answer in a journal.
type Answered struct {
	Totals
	// Journals hold the answers.
	Journals []JournalRef

	of   Range
	done []bool
}

// NewAnswered is for a range of which no record has an answer yet.
func NewAnswered(r Range) *Answered {
	return &Answered{of: r, done: make([]bool, r.Len())}
}

// Add notes an answer; false if the record is not in the range or has one.
func (a *Answered) Add(index int64, totals Totals) bool {
	if index < a.of.First || index >= a.of.Last || a.done[index-a.of.First] {
		return false
	}
	a.done[index-a.of.First] = true
	a.Totals = a.Totals.Add(totals)
	return true
}

// Has says whether the record has an answer.
func (a *Answered) Has(index int64) bool { return a.done[index-a.of.First] }

// Complete says whether every record of the range has one.
func (a *Answered) Complete() bool { return a.Done() == a.of.Len() }
