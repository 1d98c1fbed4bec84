package job

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Any text is refused or is ranges that come back.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"null", "[]", `[{"first":1,"last":2}]`, `""`, `"AAA="`, `"YmAEAQAA//8="`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var ranges, back Ranges
		if json.Unmarshal(text, &ranges) != nil || len(ranges) > 10*maxListed {
			return
		}
		data, err := json.Marshal(ranges)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &back))
		require.Len(t, back, len(ranges))
		for i := range ranges {
			require.Equal(t, ranges[i], back[i])
		}
	})
}
