package output

import (
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"

	"longhaul/job"
)

const reportName = "report.html"

// Facts gathers what the commits, the errors parts and the changed settings tell.
func (f *Folder) Facts(manifest job.Manifest) (job.Facts, error) {
	facts := job.Facts{
		JobID: manifest.JobID, Spec: manifest.Spec, Records: manifest.Input.Records, Started: manifest.Created,
	}
	numbers, err := f.committed()
	if err != nil {
		return facts, err
	}
	latency := NewLatencies()
	for _, number := range numbers {
		commit, err := f.commit(number)
		if err != nil {
			return facts, err
		}
		facts.Totals = facts.Add(commit.Totals)
		facts.Finished = append(facts.Finished, commit.Finished...)
		facts.Ended = later(facts.Ended, commit.Committed)
		if histogram, err := hdrhistogram.Decode([]byte(commit.Latency)); err == nil {
			latency.histogram.Merge(histogram)
		}
	}
	facts.Latency = latency.Encode()
	if facts.Failures, err = f.Failures(); err != nil {
		return facts, err
	}
	if facts.Earlier, err = f.Earlier(); err != nil {
		return facts, err
	}
	control, err := f.Control()
	if err == nil && control != nil {
		facts.Changes = control.Changes
	}
	return facts, err
}

// PutReport writes the report.
func (f *Folder) PutReport(write func(io.Writer) error) error { return f.store.Put(reportName, write) }
