package activities

import (
	"context"
	"io"
	"iter"
	"time"

	"longhaul/job"
)

// Activities are registered with a worker; each exported method is one.
type Activities struct{ jobs Jobs }

// New makes the activities over the jobs of this process.
func New(jobs Jobs) *Activities { return &Activities{jobs} }

// Jobs opens jobs in this process.
type Jobs interface {
	// Prepare opens the input of a spec, before there is a job.
	Prepare(spec job.Spec) (*Preparation, error)
	// Open opens a job; the function must be called when it is done with.
	Open(ref job.Ref) (*Job, func(), error)
	// State says what the server knows of an owner's workflow.
	State(ctx context.Context, owner job.Owner) job.OwnerState
	// Identity is that of the client that asked for a change; empty if the server
	// does not tell.
	Identity(ctx context.Context, request job.Request) string
}

// Preparation is what IndexInput works with.
type Preparation struct {
	Input Input
	// Check tells whether the record would make a proper call.
	Check func(job.Record) error
	// Output opens the output folder, and makes it if it is missing.
	Output func() (NewFolder, error)
	// Close gives back what was opened.
	Close func() error
}

// Job is one job in this process.
type Job struct {
	Folder Folder
	// Epoch is that of the claim to the folder.
	Epoch int64
	// Records gives the input's records of a range.
	Records func(job.Range) iter.Seq2[job.Record, error]
	Pool    Pool
	// TakenOver is done when another job has the output folder.
	TakenOver context.Context
	// State says what the server knows of a workflow.
	State func(ctx context.Context, owner job.Owner) job.OwnerState
	// Alone waits until no other attempt at the range runs in this process.
	Alone    func(ctx context.Context, r job.Range) (done func(), err error)
	Manifest job.Manifest
	// Report writes report.html into the folder.
	Report func() error
	// Limit is what keeps the pool from being faster.
	Limit func() job.Limit
	// NewLatencies makes an empty histogram.
	NewLatencies func() Latencies
	// End says that the job has finished: it is closed when nobody uses it any more.
	// Stop says that it makes no call any more, although a chunk may still come: it
	// then keeps no connections.
	End, Stop func()
	// Preview is the request that is made for a record, without its secrets; nil if
	// the call is not a request.
	Preview func(record job.Record) *job.HTTPRequest
	// Signal sends a signal to a workflow.
	Signal func(ctx context.Context, workflowID, runID, name string) error
}

// Latencies is a histogram.
type Latencies interface {
	Record(latency time.Duration)
	Encode() string
}

// Input is the list of records.
type Input interface {
	Index(ctx context.Context, index io.Writer, report func(records int64)) (job.Fingerprint, error)
	Records(index io.ReaderAt, r job.Range) iter.Seq2[job.Record, error]
	Stat
}

// Stat is the quick way to tell that an input has not changed.
type Stat interface {
	Size() int64
	ModTime() time.Time
}

// Claims decides who may write to an output folder.
type Claims interface {
	Claim(owner job.Owner, duration time.Duration, state func(job.Owner) job.OwnerState) (epoch int64, held *job.Held, err error)
	Holds(epoch int64) error
	Release(epoch int64) error
}

// Presence says to others that somebody works in the folder.
type Presence interface {
	Enter(epoch int64) error
	Leave(epoch int64) error
}

// Manifests says which job a folder belongs to.
type Manifests interface {
	Manifest() (*job.Manifest, error)
	CreateManifest(epoch int64, manifest job.Manifest) (*job.Manifest, error)
	PutManifest(epoch int64, manifest job.Manifest) error
}

// NewFolder is an output folder before its job runs.
type NewFolder interface {
	Claims
	Presence
	Manifests
	PutIndex(write func(io.Writer) error) error
	Reopen(ctx context.Context, epoch int64, chosen func(job.CallError) bool, records, batchRecords int64) (failures int64, batches []job.Partial, err error)
	// Succeeded is false if the job has not finished.
	Succeeded() (job.Summary, bool, error)
	CommittedTo() (int64, error)
	// HasSuccess looks into journals only.
	HasSuccess() (bool, error)
	Checkpoint() ([]job.Range, job.Totals, error)
	GoOn() error
	Resume(records int64) ([]job.Range, job.Totals, error)
	Sweep() error
}

// Journal is where one attempt keeps its answers.
type Journal = interface {
	Append(job.Result) error
	Mark(job.Mark) error
	Seal() (job.JournalRef, error)
}

// Journals are what attempts at a chunk have left.
type Journals interface {
	Answered(r job.Range) (*job.Answered, error)
	NewJournal(r job.Range, activity string, attempt int32) (Journal, error)
}

// Folder is the output folder of a running job.
type Folder interface {
	Journals
	PutControl(control job.Control) error
	PutStopped(epoch int64, stop job.StopError) error
	Flush(ctx context.Context, epoch int64, batch job.Batch) (job.Commit, error)
	Finish(ctx context.Context, ref job.Ref, records, batchRecords int64) (job.Summary, error)
}

// Seat is a share that has joined a pool.
type Seat = interface {
	Closed() <-chan struct{}
	Leave()
	Bequeath()
}

// CallLog is told of the calls that a pool makes.
type CallLog = interface {
	Mark(mark job.Mark) error
	Keep(result job.Result) error
}

// Pool makes calls, within the shares that have joined.
type Pool interface {
	ID() string
	Join(share job.Share) Seat
	// Run makes calls; alone are those with no other call in the process.
	Run(ctx, stop context.Context, alone bool, records iter.Seq2[job.Record, error], log CallLog) error
	// Waiting says what the calls wait for; empty if they are made. Wait is the same
	// for programs.
	Waiting() string
	Wait() *job.Wait
	// StartCanary limits the calls in flight until one has succeeded: until Prove is
	// called, or Proven is closed by a call.
	StartCanary(calls int)
	Prove()
	Proven() <-chan struct{}
	// Tolerate sets how many failures end the calls.
	Tolerate(budget job.FailureBudget, share job.Share)
}
