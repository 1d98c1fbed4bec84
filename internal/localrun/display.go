package localrun

import (
	"sync/atomic"
	"time"

	"longhaul/internal/jobclient"
	"longhaul/internal/runfile"
	"longhaul/job"
)

// newsTime is how long a display shows what happened to the server.
const newsTime = 10 * time.Second

// runDisplay is a display that writes run.json as soon as the folder is the job's, which is
// when the input is indexed: a job that is refused, or waits for the folder, leaves the other
// job's file.
type runDisplay struct {
	jobclient.Display
	file    runfile.File
	written bool
	// withdraw is called when run.json is written.
	withdraw func()
	// news is told for a while, in the place of what the job waits for.
	news   *atomic.Pointer[string]
	told   string
	toldAt time.Time
}

func (d *runDisplay) Update(s jobclient.Snapshot) {
	d.writeFile(s)
	if text := d.news.Swap(nil); text != nil {
		d.told, d.toldAt = *text, s.At
	}
	if s.At.Sub(d.toldAt) < newsTime {
		s.Problem = d.told
	}
	d.Display.Update(s)
}

func (d *runDisplay) End(summary job.Summary, finished bool) {
	if finished && !d.written {
		// The job is done: without the file, only its output folder names it no more.
		d.write()
	}
	d.Display.End(summary, finished)
}

// writeFile writes run.json if the snapshot says that the folder is the job's. If it cannot be
// written, that is tried again with the next snapshot.
func (d *runDisplay) writeFile(s jobclient.Snapshot) {
	if s.Known && !d.written && s.Phase != job.PhaseIndexing {
		d.write()
	}
}

func (d *runDisplay) write() {
	if d.written = d.file.Write() == nil; d.written {
		d.withdraw()
	}
}
