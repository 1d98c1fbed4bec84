package display

import (
	"strings"

	"longhaul/job"
)

// barText is a bar with a percentage. Records of an earlier run are lighter.
func barText(skipped, done, records int64, width int, s style) string {
	filled, before, open := "█", "▒", "░"
	if !s.unicode {
		filled, before, open = "#", "+", "-"
	}
	share := job.Percent(done, records)
	room := max(1, width-len("100 %")-3)
	cells := func(n int64) int { return int(float64(room) * float64(n) / float64(records)) }
	old, all := cells(min(skipped, done)), cells(done)
	return strings.Repeat(before, old) + strings.Repeat(filled, all-old) + strings.Repeat(open, room-all) + " " + share
}
