package display

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"longhaul/internal/inspect"
	"longhaul/job"
)

const (
	// plainWidth is that of a table which no terminal shows.
	plainWidth = 80
	// leastWidth leaves room for a few words of a message.
	leastWidth = 40
	// messageLines bounds a message in a table, recordLines that of a record.
	messageLines = 3
	recordLines  = 6
)

// WidthOf is the width of the terminal that w is, or 80 if it is none.
func WidthOf(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return max(width, leastWidth)
		}
	}
	return plainWidth
}

// FailureList writes failed records for people.
type FailureList struct {
	// Limit is how many groups or records are shown, 0 for all.
	Limit int64
	// Shown is how many records were written.
	Shown int64

	w     io.Writer
	width int
}

// NewFailureList writes to w lines of that width.
func NewFailureList(w io.Writer, width int, limit int64) *FailureList {
	return &FailureList{w: w, width: width, Limit: limit}
}

// Printf writes a line.
func (t *FailureList) Printf(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

// Head is such as: 412 of 12,000 records failed (3.4%), in 2 groups.
func (t *FailureList) Head(found inspect.Failures) {
	text := fmt.Sprintf("%s of %s records failed (%s)", humanize.Comma(found.Failed), humanize.Comma(found.Records), job.PercentOf(found.Failed, found.Records))
	if found.Chosen != found.Failed {
		text += fmt.Sprintf("; %s of them fit", humanize.Comma(found.Chosen))
	}
	if found.Journaled > 0 {
		text += fmt.Sprintf("; %s are in no part yet", humanize.Comma(found.Journaled))
	}
	for _, line := range wrapAtMost(text, t.width, messageLines) {
		t.Printf("%s", line)
	}
}

// None says that there is nothing to show.
func (t *FailureList) None(found inspect.Failures) {
	if found.Failed == 0 {
		t.Printf("no record failed")
		return
	}
	t.Printf("none of the %s failed records fits; their kinds are: %s", humanize.Comma(found.Failed), strings.Join(found.Kinds, ", "))
}

// Record is one failed record, with its input if the job keeps it.
func (t *FailureList) Record(failed inspect.Failed) error {
	if t.Limit > 0 && t.Shown == t.Limit {
		return nil
	}
	t.Shown++
	index := fmt.Sprintf("%10d  ", failed.Index)
	lines := wrapAtMost(oneLine(failed.Error.Error()), t.width-len(index), recordLines)
	var kept struct {
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(failed.Line, &kept); err != nil {
		return err
	}
	if len(kept.Input) > 0 {
		lines = append(lines, runewidth.Truncate("input: "+oneLine(string(kept.Input)), t.width-len(index), "…"))
	}
	for i, line := range lines {
		if i > 0 {
			index = strings.Repeat(" ", len(index))
		}
		t.Printf("%s%s", index, line)
	}
	return nil
}

// Line is that of the errors part.
func (t *FailureList) Line(failed inspect.Failed) error {
	t.Shown++
	_, err := t.w.Write(append(failed.Line, '\n'))
	return err
}
