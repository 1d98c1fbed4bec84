package job

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLatestOfEachPoolCounts(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	said := func(pool string, second, calls int) Concurrency {
		return Concurrency{Pool: pool, At: at(second), Calls: calls, Reason: ConcurrencyLatency}
	}
	var all []Concurrency
	for _, c := range []Concurrency{said("b", 1, 1), said("a", 2, 2), said("b", 5, 3), said("b", 4, 4)} {
		all = LatestConcurrency(all, c)
	}
	require.Equal(t, []Concurrency{said("a", 2, 2), said("b", 5, 3)}, all)
	require.Equal(t, []Concurrency{said("b", 5, 3), said("c", 63, 9)}, LatestConcurrency(all, said("c", 63, 9)), "a is gone")
	require.Len(t, all, 2, "the argument stays")

	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	settings := Settings{Parallelism: 1000, MinParallelism: 4}
	require.Empty(t, ConcurrencyText(nil, settings, number))
	require.Equal(t, "5 of 4 to 1000 calls at once, with more the API becomes slower", ConcurrencyText(all, settings, number))
	for reason, text := range map[ConcurrencyReason]string{
		ConcurrencyBusy: ", with more they time out or get HTTP 503", ConcurrencyRefused: ", the API refuses more", ConcurrencyGrows: "", ConcurrencyMost: "",
	} {
		all[1].Reason = reason
		require.Equal(t, "5 of 4 to 1000 calls at once"+text, ConcurrencyText(all, settings, number))
	}
}
