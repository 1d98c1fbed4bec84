package display

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/internal/estimate"
	"longhaul/job"
)

// confidence is how many standard errors an estimate may be off: 95 % of samples are nearer.
const confidence = 1.96

// Sample prints what the calls of a sample were like, and what the whole job will take: each
// estimate from one end of its 95 % interval to the other. The summary has a Sample.
func Sample(w io.Writer, spec job.Spec, summary job.Summary) {
	s := summary.Sample
	row := rows(w)
	row("sample", fmt.Sprintf("%s of %s records: %s succeeded, %s failed, %s",
		humanize.Comma(s.Records), humanize.Comma(summary.Records), humanize.Comma(s.Succeeded), humanize.Comma(s.Failed), CallsMade(s.Totals)))
	if s.Failed > 0 {
		row("failures", failuresOfSample(spec, *s))
	}
	if s.Called < 2 {
		row("", fmt.Sprintf("%d of them were called now, the others before: too few for an estimate; --seed %d chooses others", s.Called, spec.Sample.Seed+1))
		return
	}
	row("latency", fmt.Sprintf("mean %s, p50 %s, p95 %s, p99 %s", between(interval(s.Mean, s.StdDev, s.Called), milliseconds),
		milliseconds(s.P50), milliseconds(s.P95), milliseconds(s.P99)))
	row("bytes", between(interval(s.Bytes, s.BytesStdDev, s.Called), bytesText)+" per "+bytesOf(spec))
	low, high := estimates(spec, summary)
	fmt.Fprintf(w, "all %s records:\n", humanize.Comma(summary.Records))
	row("time", fmt.Sprintf("%s, limited by %s", fromTo(aboutTime(low.Time.Std()), aboutTime(high.Time.Std())), high.LimitedBy))
	row("actions", fmt.Sprintf("%s: %s at Temporal Cloud's list price; a server of your own bills none",
		fromTo(humanize.Comma(low.Actions.Sum()), humanize.Comma(high.Actions.Sum())), fromTo(price(low.Actions), price(high.Actions))))
	bytes := interval(s.Bytes+estimate.LineBytes(summary.Records), s.BytesStdDev, s.Called)
	row("disk", between(bytes, func(mean float64) string { return bytesText(mean * float64(summary.Records)) }))
}

func bytesOf(spec job.Spec) string {
	if spec.Output.IncludeInput {
		return "answer and record"
	}
	return "answer"
}

// failuresOfSample says whether the job would stop because of them.
func failuresOfSample(spec job.Spec, s job.Sampled) string {
	kinds := make([]string, len(s.Failures))
	for i, failure := range s.Failures {
		kinds[i] = fmt.Sprintf("%s × %s", humanize.Comma(failure.Count), failure)
	}
	text := strings.Join(kinds, ", ")
	if limit := spec.MaxFailures; limit.Percent && float64(s.Failed)*100 > limit.Value*float64(s.Done()) {
		text += fmt.Sprintf(": more than max_failures %s, so the job would stop", limit)
	}
	return text
}

// estimates are those for both ends of the mean latency's interval.
func estimates(spec job.Spec, summary job.Summary) (low, high estimate.Estimate) {
	s := summary.Sample
	of := func(milliseconds float64) estimate.Estimate {
		return estimate.Of(estimate.Work{
			Spec: spec, Records: summary.Records, Calls: s.CallsPerRecord(),
			Latency: max(time.Microsecond, time.Duration(milliseconds*float64(time.Millisecond))),
		})
	}
	mean := interval(s.Mean, s.StdDev, s.Called)
	return of(mean[0]), of(mean[1])
}

// interval holds the true mean in 95 % of samples.
func interval(mean, stdDev float64, count int64) [2]float64 {
	off := confidence * stdDev / math.Sqrt(float64(count))
	return [2]float64{max(0, mean-off), mean + off}
}

func between(ends [2]float64, text func(float64) string) string {
	return fromTo(text(ends[0]), text(ends[1]))
}

func fromTo(low, high string) string {
	if low == high {
		return low
	}
	return low + " to " + high
}

func bytesText(bytes float64) string { return humanize.Bytes(uint64(bytes)) }
