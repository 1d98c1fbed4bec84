package job

// maxSample bounds a sample: each of its records is an activity.
const maxSample = 1000

// SampleSpec has a job call some of its records, and then end: to see what calls are like.
// The answers are kept in the output folder. The same job without it goes on from there.
type SampleSpec struct {
	// Records is how many are called, chosen at random of those without an answer in a
	// part: 1 to 1000, all if there are fewer.
	Records int64 `json:"records"`
	// Seed fixes which ones; default 0.
	Seed uint64 `json:"seed,omitempty"`
}

// Sampled is what the calls of a sample were like.
type Sampled struct {
	// Records is how many were chosen. Called are those of them that had no answer yet: the
	// rest of what is here is about these.
	Records int64 `json:"records"`
	Called  int64 `json:"called"`
	Totals
	// Failures are by kind, the most frequent first.
	Failures []FailureCount `json:"failures,omitempty"`
	// Latency is that of the calls that ended a record, Mean and StdDev in milliseconds.
	Latency
	Mean   float64 `json:"mean_ms"`
	StdDev float64 `json:"stddev_ms"`
	// Bytes is the mean length of an answer, together with its record if that stands beside
	// it; BytesStdDev is the standard deviation.
	Bytes       float64 `json:"bytes"`
	BytesStdDev float64 `json:"bytes_stddev"`
}

// CallsPerRecord is how many calls a record took on average.
func (s Sampled) CallsPerRecord() float64 {
	return float64(s.Calls()) / float64(max(1, s.Called))
}

func (s Spec) sampleProblems() []*Error {
	switch {
	case s.Sample == nil:
		return nil
	case s.Sample.Records < 1 || s.Sample.Records > maxSample:
		return one(Errorf(KindSpec, "sample.records", "%d is out of range", s.Sample.Records).WithHint("give 1 to %d", maxSample))
	case s.Redrive != nil:
		return one(Errorf(KindSpec, "sample", "a redrive calls the records that have failed, not a sample").WithHint("leave sample out"))
	}
	return nil
}
