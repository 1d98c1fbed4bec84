package calls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

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

	mu     sync.Mutex
	idle   []*process
	closed bool
}

func newExec(spec job.ExecSpec, options Options) (*execCaller, error) {
	if !options.AllowExec {
		return nil, job.Errorf(job.KindSpec, "call.exec", "this worker does not run programs").
			WithHint("start it with --allow-exec")
	}
	if err := findProgram(spec.Command[0], options.Dir); err != nil {
		return nil, job.Errorf(job.KindSpec, "call.exec.command", "the program cannot be found: %w", err).
			WithHint("paths with a slash start from the worker's root, others are looked up in its PATH")
	}
	c := &execCaller{spec: spec, dir: options.Dir, log: options.Log}
	if spec.Processes > 0 {
		c.slots = make(chan struct{}, spec.Processes)
	}
	return c, nil
}

// Call gives the record to a process as one line and takes one line from it. A
// process that dies, answers too late, or with anything but JSON, is killed.
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
	p, err := c.take()
	if err != nil {
		return nil, &job.CallError{Kind: "exec", Message: "the program cannot be started: " + err.Error(), Retry: true}
	}
	answer, err := p.ask(ctx, record, c.spec.MaxResponseBytes)
	if err == nil && !json.Valid(answer) {
		err = &job.CallError{Kind: "exec", Message: "the answer is not JSON: " + excerptOf(answer, longestExcerpt), Retry: true}
	}
	if err != nil {
		p.discard()
		return nil, c.explain(ctx, p, err)
	}
	c.giveBack(p)
	return answer, nil
}

// explain says what happened to a process that gave no proper answer.
func (c *execCaller) explain(ctx context.Context, p *process, err error) error {
	var failure *job.CallError
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &job.CallError{Kind: "timeout", Message: "no answer within " + c.spec.Timeout.String() + ": the process was killed", Retry: true}
	default:
		return &job.CallError{Kind: "exec", Message: "the process ended without an answer: " + p.exit(), Retry: true}
	}
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

func (c *execCaller) take() (*process, error) {
	c.mu.Lock()
	for n := len(c.idle); n > 0; n-- {
		p := c.idle[n-1]
		c.idle = c.idle[:n-1]
		if !p.hasEnded() {
			c.mu.Unlock()
			return p, nil
		}
		p.discard() // it died of itself: that is no record's fault
	}
	c.mu.Unlock()
	return startProcess(c.spec.Command, c.dir, c.log)
}

func (c *execCaller) giveBack(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		p.discard()
		return
	}
	c.idle = append(c.idle, p)
}

// Close ends the idle processes. None is started for calls in flight any more.
func (c *execCaller) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, p := range c.idle {
		p.discard()
	}
	c.idle = nil
	return nil
}

func findProgram(name, dir string) error {
	if strings.Contains(name, "/") && !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	_, err := exec.LookPath(name)
	return err
}

// oneLine is the record's JSON without line feeds.
func oneLine(value json.RawMessage) []byte {
	var line bytes.Buffer
	// A record is valid JSON.
	_ = json.Compact(&line, value)
	line.WriteByte('\n')
	return line.Bytes()
}
