package calls

import (
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// heldBack is how long a Retry-After of so many seconds holds back calls.
func heldBack(seconds *big.Int) time.Duration {
	if most := big.NewInt(int64(maxRetryAfter / time.Second)); seconds.Cmp(most) > 0 {
		return maxRetryAfter
	}
	return time.Duration(seconds.Int64()) * time.Second
}

// Any header gives a time from zero to the bound: digits are seconds, however many there
// are, and a date is as long as it lies ahead.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"", "3", " 120 ", "-5", "+5", "soon", "86400", "86401", "2147483648", "99999999999", "18446744073709551616", "1e3", "0x10", "1_0", "3.5", "٣", "00000000000000000000007",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT", "Fri Dec 31 23:59:59 1999", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:60 GMT",
	} {
		f.Add(seed, int64(1_767_225_600), int32(-3))
		f.Add(seed, int64(-62_135_596_800), int32(90_000))
		f.Add(seed, int64(253_402_300_799), int32(86_400))
	}
	f.Fuzz(func(t *testing.T, value string, seconds int64, ahead int32) {
		now := time.Unix(seconds%(1<<40), 0)
		got := retryAfter(value, now)
		require.GreaterOrEqual(t, got, time.Duration(0))
		require.LessOrEqual(t, got, maxRetryAfter)
		trimmed := strings.TrimSpace(value)
		if number, ok := new(big.Int).SetString(trimmed, 10); ok && strings.Trim(trimmed, "0123456789") == "" {
			require.Equal(t, heldBack(number), got)
		}
		failure := statusError(&http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {value}}}, nil, []job.StatusPattern{"503"})
		require.True(t, failure.RetryAfter >= 0 && failure.RetryAfter <= maxRetryAfter)
		require.Equal(t, failure.RetryAfter > 0, failure.Throttled)

		at := now.UTC().Add(time.Duration(ahead) * time.Second)
		for _, layout := range []string{http.TimeFormat, time.ANSIC} {
			if at.Year() < 0 || at.Year() > 9999 {
				continue // it has no such date
			}
			want := min(max(time.Duration(ahead)*time.Second, 0), maxRetryAfter)
			require.Equal(t, want, retryAfter(at.Format(layout), now), at.Format(layout))
		}
	})
}
