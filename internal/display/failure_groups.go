package display

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"longhaul/internal/failures"
)

// Groups is a table: how many, of what kind and status, with which message, and
// the first record.
func (t *FailureList) Groups(groups []failures.Group) {
	shown := groups
	if t.Limit > 0 && int64(len(groups)) > t.Limit {
		shown = groups[:t.Limit]
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
	widths[1] = min(widths[1], t.width/4)
	const gaps = 6
	widths[2] = max(min(widths[2], t.width-widths[0]-widths[1]-widths[3]-gaps), 10)
	t.Printf("")
	for i, row := range rows {
		t.row(row, widths)
		if i > 0 {
			if example := exampleOf(shown[i-1]); example != "" {
				t.row([4]string{"", "", "such as: " + example, ""}, widths)
			}
		}
	}
	if more := len(groups) - len(shown); more > 0 {
		t.Printf("\nand %s more groups: --limit 0 shows all", humanize.Comma(int64(more)))
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
func (t *FailureList) row(row [4]string, widths [4]int) {
	for i, message := range wrapAtMost(row[2], widths[2], messageLines) {
		if i > 0 {
			row[0], row[1], row[3] = "", "", ""
		}
		line := runewidth.FillLeft(row[0], widths[0]) + "  " +
			runewidth.FillRight(runewidth.Truncate(row[1], widths[1], "…"), widths[1]) + "  " +
			runewidth.FillRight(message, widths[2]) + "  " + runewidth.FillLeft(row[3], widths[3])
		t.Printf("%s", strings.TrimRight(line, " "))
	}
}

// messageWidth bounds a message at the end of a run.
const messageWidth = 160

// groupLine is such as: 412 × http 404 "customer # not found" (first: record 1031), and
// below it an example if there is something to see in one.
func groupLine(g failures.Group) string {
	text := humanize.Comma(g.Count) + " × " + g.Name()
	if message := oneLine(g.Pattern); message != "" {
		text += ` "` + runewidth.Truncate(message, messageWidth, "…") + `"`
	}
	text += fmt.Sprintf(" (first: record %d)", g.First)
	if example := exampleOf(g); example != "" {
		text += "\n      such as \"" + runewidth.Truncate(example, messageWidth, "…") + `"`
	}
	return text
}

// groupJSON is a line of longhaul failures --json.
type groupJSON struct {
	Kind    string `json:"kind"`
	Status  int    `json:"status,omitempty"`
	Message string `json:"message"`
	Count   int64  `json:"count"`
	First   int64  `json:"first"`
	Example string `json:"example"`
}

// GroupsAsJSON writes a line for each group.
func (t *FailureList) GroupsAsJSON(groups []failures.Group) error {
	encoder := json.NewEncoder(t.w)
	encoder.SetEscapeHTML(false)
	for i, group := range groups {
		if t.Limit > 0 && int64(i) == t.Limit {
			break
		}
		err := encoder.Encode(groupJSON{
			group.Failure.Kind, group.Failure.Status, group.Pattern, group.Count, group.First, group.Failure.Message,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
