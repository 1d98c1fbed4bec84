package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// errRefused is for a call that is one too many.
var errRefused = errors.New("too many calls at once")

// capacity bounds how many calls are served at once; 0 does not. More wait for their turn, or
// are refused.
type capacity struct {
	// refuses is the status that calls are refused with; 0 has them wait.
	refuses int

	mu      sync.Mutex
	calls   int
	serving int
	waiting []chan struct{}
	refused int64
}

// enter returns when the call is served. Whoever gets no error has to leave.
func (c *capacity) enter(ctx context.Context) error {
	c.mu.Lock()
	if c.refuses != 0 && c.calls > 0 && c.serving >= c.calls {
		defer c.mu.Unlock()
		c.refused++
		return errRefused
	}
	turn := make(chan struct{})
	c.waiting = append(c.waiting, turn)
	c.serve()
	c.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	go func() { // its turn comes, and is over
		<-turn
		c.leave()
	}()
	return ctx.Err()
}

func (c *capacity) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serving--
	c.serve()
}

// serve is called with the lock.
func (c *capacity) serve() {
	for len(c.waiting) > 0 && (c.calls == 0 || c.serving < c.calls) {
		close(c.waiting[0])
		c.waiting = c.waiting[1:]
		c.serving++
	}
}

// ServeHTTP answers GET with the capacity and how many calls were refused, and
// sets the capacity by PUT /_capacity?calls=200.
func (c *capacity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodPut {
		calls, err := strconv.Atoi(r.FormValue("calls"))
		if err != nil || calls < 0 {
			http.Error(w, "calls must be 0 or more", http.StatusBadRequest)
			return
		}
		c.calls = calls
		c.serve()
	}
	fmt.Fprintf(w, "capacity %d, serving %d, waiting %d, refused %d\n", c.calls, c.serving, len(c.waiting), c.refused)
}
