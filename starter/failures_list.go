package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"longhaul/internal/failures"
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

func widthOf(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return max(width, leastWidth)
		}
	}
	return plainWidth
}

// failureList writes failed records for people.
type failureList struct {
	w            io.Writer
	width        int
	limit, shown int64
}

func (l *failureList) say(format string, args ...any) { say(l.w, format, args...) }

// head is such as: 412 of 12,000 records failed (3.4%), in 2 groups.
func (l *failureList) head(found inspect.Failures) {
	text := fmt.Sprintf("%s of %s records failed (%s)", humanize.Comma(found.Failed), humanize.Comma(found.Records), job.PercentOf(found.Failed, found.Records))
	if found.Chosen != found.Failed {
		text += fmt.Sprintf("; %s of them fit", humanize.Comma(found.Chosen))
	}
	if found.Journaled > 0 {
		text += fmt.Sprintf("; %s are in no part yet", humanize.Comma(found.Journaled))
	}
	for _, line := range wrapAtMost(text, l.width, messageLines) {
		l.say("%s", line)
	}
}

func (l *failureList) none(found inspect.Failures) {
	if found.Failed == 0 {
		l.say("no record failed")
		return
	}
	l.say("none of the %s failed records fits; their kinds are: %s", humanize.Comma(found.Failed), strings.Join(found.Kinds, ", "))
}

// groups is a table: how many, of what kind and status, with which message, and
// the first record.
func (l *failureList) groups(groups []failures.Group) {
	shown := groups
	if l.limit > 0 && int64(len(groups)) > l.limit {
		shown = groups[:l.limit]
	}
	rows := make([][4]string, 1, 1+len(shown))
	rows[0] = [4]string{"RECORDS", "FAILURE", "MESSAGE", "FIRST"}
	for _, group := range shown {
		rows = append(rows, [4]string{humanize.Comma(group.Count), group.Name(), messageOf(group), strconv.FormatInt(group.First, 10)})
	}
	var widths [4]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	widths[1] = min(widths[1], l.width/4)
	const gaps = 6
	widths[2] = max(min(widths[2], l.width-widths[0]-widths[1]-widths[3]-gaps), 10)
	l.say("")
	for i, row := range rows {
		l.row(row, widths)
		if i > 0 {
			if example := exampleOf(shown[i-1]); example != "" {
				l.row([4]string{"", "", "such as: " + example, ""}, widths)
			}
		}
	}
	if more := len(groups) - len(shown); more > 0 {
		l.say("\nand %s more groups: --limit 0 shows all", humanize.Comma(int64(more)))
	}
}

// exampleOf is the message of the first record; empty if the group's says it all.
func exampleOf(group failures.Group) string {
	if example := oneLine(group.Failure.Message); example != oneLine(group.Pattern) {
		return example
	}
	return ""
}

func messageOf(group failures.Group) string {
	if group.Pattern == "" && group.Failure.Message != "" {
		return "(other messages, too many to tell apart)"
	}
	return oneLine(group.Pattern)
}

// row wraps the message in its column.
func (l *failureList) row(row [4]string, widths [4]int) {
	for i, message := range wrapAtMost(row[2], widths[2], messageLines) {
		if i > 0 {
			row[0], row[1], row[3] = "", "", ""
		}
		line := runewidth.FillLeft(row[0], widths[0]) + "  " +
			runewidth.FillRight(runewidth.Truncate(row[1], widths[1], "…"), widths[1]) + "  " +
			runewidth.FillRight(message, widths[2]) + "  " + runewidth.FillLeft(row[3], widths[3])
		l.say("%s", strings.TrimRight(line, " "))
	}
}

// record is one failed record, with its input if the job keeps it.
func (l *failureList) record(failed inspect.Failed) error {
	if l.limit > 0 && l.shown == l.limit {
		return nil
	}
	l.shown++
	index := fmt.Sprintf("%10d  ", failed.Index)
	lines := wrapAtMost(oneLine(failed.Error.Error()), l.width-len(index), recordLines)
	var kept struct {
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(failed.Line, &kept); err != nil {
		return err
	}
	if len(kept.Input) > 0 {
		lines = append(lines, runewidth.Truncate("input: "+oneLine(string(kept.Input)), l.width-len(index), "…"))
	}
	for i, line := range lines {
		if i > 0 {
			index = strings.Repeat(" ", len(index))
		}
		l.say("%s%s", index, line)
	}
	return nil
}

// line is that of the errors part.
func (l *failureList) line(failed inspect.Failed) error {
	l.shown++
	_, err := l.w.Write(append(failed.Line, '\n'))
	return err
}

// oneLine has no line feeds, and nothing that moves a terminal's cursor.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == ' ' }), " ")
}
