package workflows

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func encoded(t *testing.T, micros ...int64) string {
	t.Helper()
	h := hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 2)
	for _, value := range micros {
		require.NoError(t, h.RecordValue(value))
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	return string(text)
}

func TestTheMeterMergesReceipts(t *testing.T) {
	t.Parallel()
	began := time.Unix(10_000, 0)
	m := newMeter(meterState{})
	for second := range 120 {
		m.add(began.Add(time.Duration(second)*time.Second), job.Receipt{
			Totals: job.Totals{Succeeded: 9, Failed: 1}, Latency: encoded(t, 1000, 2000, 100_000), Bottleneck: job.BottleneckRate,
			Failures: []job.FailureCount{{Kind: "http", Status: 503 - second%2, Count: int64(1 + second%2)}}, LastError: "no",
		})
	}
	now := began.Add(120 * time.Second)
	require.InDelta(t, 10, m.rate(now, began), 0.5, "that of the last minute")
	require.LessOrEqual(t, len(m.recent), 61)
	require.Equal(t, job.BottleneckRate, m.bottleneck())
	require.InDelta(t, 2, m.quantiles().P50, 0.1)
	require.InDelta(t, 100, m.quantiles().P99, 2)
	require.Equal(t, []job.FailureCount{{Kind: "http", Status: 502, Count: 120}, {Kind: "http", Status: 503, Count: 60}}, m.failures)

	next := newMeter(m.state())
	require.Equal(t, m.quantiles(), next.quantiles(), "the next run goes on")
	require.Equal(t, m.failures, next.failures)
	require.Equal(t, "no", next.lastError)
	require.Empty(t, next.bottleneck(), "not known yet")
	require.Zero(t, newMeter(meterState{Latency: "damaged"}).quantiles())
}

// Twice the best latency, at full parallelism, is the API's.
func TestAnAPIThatHasBecomeSlowerIsTheLimit(t *testing.T) {
	t.Parallel()
	now := time.Unix(10_000, 0)
	m := newMeter(meterState{})
	m.add(now, job.Receipt{Latency: encoded(t, 1000), Bottleneck: job.BottleneckParallelism})
	require.Equal(t, job.BottleneckParallelism, m.bottleneck())
	for range 3 {
		now = now.Add(50 * time.Second)
		m.add(now, job.Receipt{Latency: encoded(t, 2500), Bottleneck: job.BottleneckParallelism})
	}
	require.Equal(t, job.BottleneckAPI, m.bottleneck())
}

func TestStuckCallsAreHeardOf(t *testing.T) {
	t.Parallel()
	notice := func(pool string, record int64, second int64) job.Notice {
		return job.Notice{Pool: pool, Stuck: &job.StuckCalls{Count: 1, Record: record, Since: time.Unix(second, 0)}}
	}
	m := newMeter(meterState{})
	require.Nil(t, m.stuckCalls())
	m.note(notice("a", 17, 2))
	m.note(notice("b", 5, 1))
	require.Empty(t, m.waiting, "the pools make calls")
	require.Equal(t, &job.StuckCalls{Count: 2, Record: 5, Since: time.Unix(1, 0)}, m.stuckCalls())
	m.add(time.Unix(3, 0), job.Receipt{})
	require.Equal(t, 2, m.stuckCalls().Count, "other calls are made")
	m.note(job.Notice{Pool: "b"})
	require.EqualValues(t, 17, m.stuckCalls().Record)
	m.note(notice("c", 17, 9))
	require.Equal(t, notice("c", 17, 9).Stuck, m.stuckCalls(), "another worker calls it now")
	m.returned(job.Range{First: 18, Last: 100})
	require.NotNil(t, m.stuckCalls())
	m.returned(job.Range{First: 10, Last: 18})
	require.Nil(t, m.stuckCalls(), "its worker may have died without a word")
}

func TestOutagesAreHeardOf(t *testing.T) {
	t.Parallel()
	m := newMeter(meterState{})
	m.note(job.Notice{Pool: "a", Waiting: "waiting"})
	m.note(job.Notice{Pool: "b", Waiting: "waiting too"})
	m.note(job.Notice{Pool: "a"})
	require.Equal(t, []job.Notice{{Pool: "b", Waiting: "waiting too"}}, m.waiting)
	m.add(time.Unix(1, 0), job.Receipt{})
	require.Empty(t, m.waiting, "calls are made")
	require.Equal(t, "waiting too", m.lastError)
}
