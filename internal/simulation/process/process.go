package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrDead is what a dead process gets of everything. Nobody sees it.
var ErrDead = errors.New("the simulated process is dead")

// Process is one process of a worker.
type Process struct {
	Name string
	seed Seed

	mu sync.Mutex
	// dead is closed when the process is killed.
	dead chan struct{}
	// stopped and cut are closed when the process, or its link to the server, goes on; nil
	// while they do.
	stopped, cut chan struct{}
	// wentOn is when the process was stopped last.
	wentOn time.Time
	// steps counts what was done, by name: each time has a draw of its own.
	steps map[string]int
}

// New is a process that runs.
func New(name string, seed Seed) *Process {
	return &Process{Name: name, seed: seed, dead: make(chan struct{}), steps: map[string]int{}}
}

// Kill ends the process, as kill -9 does.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isDead() {
		close(p.dead)
	}
}

// Dead is closed when the process is dead.
func (p *Process) Dead() <-chan struct{} { return p.dead }

func (p *Process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// Stop stops the process, as SIGSTOP does, until the function is called.
func (p *Process) Stop() (goOn func()) {
	end := p.hold(&p.stopped)
	return func() {
		p.mu.Lock()
		p.wentOn = time.Now()
		p.mu.Unlock()
		end()
	}
}

// Cut cuts the link to the server, so that neither requests nor answers arrive, until the
// function is called.
func (p *Process) Cut() (heal func()) { return p.hold(&p.cut) }

func (p *Process) hold(until *chan struct{}) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *until != nil {
		return func() {}
	}
	held := make(chan struct{})
	*until = held
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		*until = nil
		close(held)
	}
}

// WasStopped says whether the process is stopped, or was within the time.
func (p *Process) WasStopped(within time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped != nil || time.Since(p.wentOn) <= within
}

// IsCut says whether the link to the server is cut.
func (p *Process) IsCut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut != nil
}

// Draw names a draw for a step of the process: what it does, and how often it has done so
// before.
func (p *Process) Draw(what string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps[what]++
	return fmt.Sprintf("%s %s %d", p.Name, what, p.steps[what])
}

// Wait waits for a time, and longer while the process is stopped. No context ends it: an
// operation of a disk cannot be called back.
func (p *Process) Wait(d time.Duration) error {
	if err := p.wait(context.Background(), d); err != nil {
		return err
	}
	return p.await(context.Background(), func() <-chan struct{} { return p.stopped })
}

// Travel waits until a message from or to the server has arrived, or ctx is done.
func (p *Process) Travel(ctx context.Context, d time.Duration) error {
	if err := p.wait(ctx, d); err != nil {
		return err
	}
	return p.await(ctx, func() <-chan struct{} {
		if p.stopped != nil {
			return p.stopped
		}
		return p.cut
	})
}

func (p *Process) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.dead:
		return ErrDead
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await waits while something holds the process; holds is called with the lock.
func (p *Process) await(ctx context.Context, holds func() <-chan struct{}) error {
	for {
		p.mu.Lock()
		held := holds()
		p.mu.Unlock()
		if held == nil {
			if p.isDead() {
				return ErrDead
			}
			return nil
		}
		select {
		case <-held:
		case <-p.dead:
			return ErrDead
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
