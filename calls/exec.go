package calls

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"longhaul/internal/supervisor"
	"longhaul/job"
)

// execCaller keeps programs alive between records: a call takes one that is
// idle, or starts one.
type execCaller struct {
	spec job.ExecSpec
	dir  string
	log  func(record int64, line string)
	// slots bounds the processes; nil if calls in flight bound them already.
	slots chan struct{}
	// works is set once the program has answered: what goes wrong before is no
	// record's fault, and trying again gives the same.
	works atomic.Bool

	mu     sync.Mutex
	idle   []*process
	closed bool
	// release gives up what keeps the supervisor between two programs; nil before
	// the first one.
	release func()
}

func newExec(spec job.ExecSpec, options Options) (*execCaller, error) {
	if !options.AllowExec {
		return nil, job.Errorf(job.KindSpec, "call.exec", "this worker does not run programs").
			WithHint("start it with --allow-exec")
	}
	if err := findProgram(spec.Command[0], options.Dir); err != nil {
		return nil, err
	}
	c := &execCaller{spec: spec, dir: options.Dir, log: options.Log}
	if c.log == nil {
		c.log = func(int64, string) {}
	}
	if spec.Processes > 0 {
		c.slots = make(chan struct{}, spec.Processes)
	}
	return c, nil
}

// Call gives the record to a process as one line and takes one line from it. A
// process that dies, answers too late, or with anything but one line of JSON, is
// killed; one that answers with an error line lives on.
func (c *execCaller) Call(ctx context.Context, record job.Record) (job.Answer, error) {
	output, err := c.ask(ctx, record)
	return job.Answer{Output: output}, err
}

func (c *execCaller) ask(ctx context.Context, record job.Record) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, c.spec.Timeout.Std())
	defer cancel()
	if err := c.takeSlot(ctx); err != nil {
		return nil, err
	}
	defer c.giveSlotBack()
	p, err := c.take(ctx)
	if err != nil {
		return nil, c.cannotStart(ctx, err)
	}
	answer, err := p.ask(ctx, record, c.spec.MaxResponseBytes)
	if err == nil {
		err = checkAnswer(p, answer)
	}
	if err != nil {
		return nil, c.explain(ctx, p, err)
	}
	c.works.Store(true)
	c.giveBack(p)
	if failure := reportedFailure(answer); failure != nil {
		return nil, failure
	}
	return answer, nil
}

func (c *execCaller) takeSlot(ctx context.Context) error {
	if c.slots == nil {
		return nil
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &job.CallError{Kind: "timeout", Message: "no process was free within " + c.spec.Timeout.String(), Retry: true}
	}
}

func (c *execCaller) giveSlotBack() {
	if c.slots != nil {
		<-c.slots
	}
}

// take returns a process that waits for a record.
func (c *execCaller) take(ctx context.Context) (*process, error) {
	for p := c.pop(); p != nil; p = c.pop() {
		extra, err := p.extra()
		if err == nil && extra == "" && !p.hasEnded() {
			return p, nil
		}
		if extra != "" {
			c.log(p.record, "longhaul: the program has written more than one line for this record, and is replaced: "+extra)
		}
		p.discard() // that it died of itself is no record's fault
	}
	c.holdSupervisor()
	return startProcess(ctx, c.spec.Command, c.dir, c.log)
}

// holdSupervisor keeps the supervisor for the next program, until Close.
func (c *execCaller) holdSupervisor() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.release == nil && !c.closed {
		c.release = supervisor.Hold()
	}
}

func (c *execCaller) pop() *process {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	p := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return p
}

func (c *execCaller) giveBack(p *process) {
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.idle = append(c.idle, p)
	}
	c.mu.Unlock()
	if closed {
		p.discard()
	}
}

// Close ends the idle processes. None is started for calls in flight any more.
func (c *execCaller) Close() error {
	c.mu.Lock()
	idle, release := c.idle, c.release
	c.closed, c.idle, c.release = true, nil, nil
	c.mu.Unlock()
	for _, p := range idle {
		p.discard()
	}
	if release != nil {
		release()
	}
	return nil
}

// findProgram is an error if there is no such program, or it may not be run.
func findProgram(name, dir string) error {
	_, err := exec.LookPath(programPath(name, dir))
	if err == nil || errors.Is(err, exec.ErrDot) {
		return nil
	}
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err
	}
	fault := job.Errorf(job.KindSpec, "call.exec.command", "the program %q cannot be run: %w", name, err)
	if strings.Contains(name, "/") {
		return fault.WithHint("paths with a slash start from the worker's root, and must be executable (chmod +x)")
	}
	return fault.WithHint("names without a slash are looked up in the worker's PATH; for a file in the worker's root write %q", "./"+name)
}

// programPath is where a program lies that is named with a slash.
func programPath(name, dir string) string {
	if strings.Contains(name, "/") && !filepath.IsAbs(name) {
		return filepath.Join(dir, name)
	}
	return name
}
