package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Labels neither hide each other nor are crossed by a line; where there is no room
// for one, the line alone is drawn.
func TestLabelsOfMarks(t *testing.T) {
	t.Parallel()
	p := plot{Painter: newPainter(460, 260), left: 30, right: 444, bottom: 240, span: 100 * time.Second, most: 1}
	at := func(seconds int, label string) mark {
		return mark{time.Duration(seconds) * time.Second, time.Duration(seconds) * time.Second, label}
	}
	require.Equal(t, []int{0, 0}, p.rowsOf([]mark{at(10, "idle 1 h"), at(60, "idle 1 h")}))
	require.Equal(t, []int{0, 1, 2, 0}, p.rowsOf([]mark{at(10, "parallelism 10→100"), at(12, "parallelism 100→10"), at(14, "rate 1→2"), at(70, "rate 2→1")}))
	require.Equal(t, []int{0, 1, 2, 3, -1}, p.rowsOf([]mark{at(1, "idle 10 min"), at(2, "idle 10 min"), at(3, "idle 10 min"), at(4, "idle 10 min"), at(5, "idle 10 min")}))
	require.Equal(t, []int{0}, p.rowsOf([]mark{at(98, "parallelism 10→100")}), "left of its line")
	require.Equal(t, []int{0, -1}, p.rowsOf([]mark{at(90, "rate 1"), at(98, "parallelism 10→100")}), "it would hide another")
}
