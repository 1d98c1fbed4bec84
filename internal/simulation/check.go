package simulation

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"longhaul/internal/storage"
	"longhaul/internal/verify"
)

// heals says whether the damage of an object is made good by the job.
func heals(part string) bool {
	return part == "journal/" || part == "owner/" || part == "control.json"
}

// check is what must hold at the end.
func (w *world) check(ctx context.Context, result *Result, finished bool) error {
	flipped := w.mayFail()
	if !finished {
		return nil // that was said, or a bit was flipped
	}
	if !flipped && result.Repeated > w.allowed {
		w.violate("promise 3: %d answers were asked for again, at most %d were in flight at the faults", result.Repeated, w.allowed)
	}
	folder, err := w.disk.Objects().Folder(ctx, w.plan.spec.Output.URI, false)
	if err != nil {
		return err
	}
	found, err := verify.Verifier{}.Output(ctx, w.disk.Objects(), folder)
	if err != nil && !flipped {
		w.violate("verify: %s", err)
		return nil
	}
	if err != nil || !found.Proven() {
		if result.Refuted = flipped; !flipped {
			w.violate("promise 9: verify refutes: %v, missing %v", found.Problems, found.Missing)
		}
		return nil
	}
	return w.checkParts(ctx, folder)
}

// line is one of a part, as a user reads it.
type line struct {
	Index  int64           `json:"index"`
	Output *output         `json:"output"`
	Error  json.RawMessage `json:"error"`
}

// checkParts reads the output as a user would: every record once, in order, with its own
// answer.
func (w *world) checkParts(ctx context.Context, folder storage.Folder) error {
	entries, err := folder.List(ctx, "")
	if err != nil {
		return err
	}
	seen := map[int64]int{}
	for _, entry := range entries {
		name := path.Base(entry.Name)
		if name != entry.Name || !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		last := int64(-1)
		err := eachLine(ctx, folder, name, func(l line) {
			seen[l.Index]++
			switch {
			case l.Index <= last:
				w.violate("promise 2: %s: record %d after %d", name, l.Index, last)
			case strings.HasPrefix(name, "part-"):
				if l.Output == nil || l.Output.Index != l.Index {
					w.violate("promise 1: %s: record %d has the answer %v", name, l.Index, l.Output)
				}
			case !w.mayHaveFailed(l.Index):
				w.violate("promise 1: %s: record %d has failed: %s", name, l.Index, l.Error)
			}
			last = l.Index
		})
		if err != nil {
			return err
		}
	}
	for i := range w.plan.records {
		if seen[i] != 1 {
			w.violate("promise 1: record %d is there %d times", i, seen[i])
		}
	}
	return nil
}

// mayHaveFailed says whether the calls of a record may end in a failure.
func (w *world) mayHaveFailed(index int64) bool {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	return w.api.fails(index) || w.plan.flaky > 0 && w.api.tries[index] >= w.plan.spec.Retry.MaximumAttempts
}

func eachLine(ctx context.Context, folder storage.Folder, name string, do func(line)) error {
	o, err := folder.Open(ctx, name)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(storage.NewReader(o))
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", name, err), o.Close())
		}
		do(l)
	}
	return errors.Join(lines.Err(), o.Close())
}
