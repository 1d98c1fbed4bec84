package e2e

import "time"

// answersOnTheWay is how long a worker may take to write an answer down after the API has
// given it.
const answersOnTheWay = time.Second

// allowance is how many calls may be made again because of a fault: as many as its worker,
// or all workers, had in flight then. No answer counts as written while the disk is full.
type allowance struct {
	worker string // "" for all
	until  time.Time
	calls  int
}

// callSample is how many calls there were in flight at a time.
type callSample struct {
	at       time.Time
	byWorker map[string]int
}

// allow lets calls in flight be made again: those of a worker, or of all for "", from now on
// for a while, in which they go on.
func (c *campaign) allow(worker string, during time.Duration) {
	c.sample()
	j, now := c.job, time.Now()
	since := now.Add(-answersOnTheWay)
	if c.job.fullSince.After(c.job.emptySince) || now.Sub(c.job.emptySince) < answersOnTheWay {
		since = c.job.fullSince.Add(-answersOnTheWay)
	}
	a := &allowance{worker: worker, until: now.Add(during)}
	for _, sample := range j.samples {
		if sample.at.After(since) {
			a.calls = max(a.calls, sample.byWorker[worker])
		}
	}
	j.allowances = append(j.allowances, a)
}

// sample notes how many calls are in flight.
func (c *campaign) sample() {
	j := c.job
	sample := callSample{time.Now(), c.api.sample(j.calls)}
	j.samples = append(j.samples, sample)
	for _, a := range j.allowances {
		if sample.at.Before(a.until) {
			a.calls = max(a.calls, sample.byWorker[a.worker])
		}
	}
}
