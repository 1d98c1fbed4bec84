package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"longhaul/internal/simulation/process"
	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// Disk is what all processes share.
type Disk struct {
	seed    process.Seed
	objects *memory.Store
	// Slow is how long a slow operation may take; one in SlowEvery is slow.
	slow      time.Duration
	slowEvery int

	mu sync.Mutex
	// failing is the share of operations that fail, full says that nothing can be written.
	failing float64
	full    bool
	// synced is how many bytes of an appended object survive a power cut, by folder and
	// name.
	synced map[object]int64
	stalls []*stall
	trace  func(format string, args ...any)
}

// stall stops the process that does the next write of an object whose name has the part,
// before or after it takes effect.
type stall struct {
	part  string
	after bool
	stop  func(p *process.Process, what string)
}

type object struct{ folder, name string }

// New is an empty disk. One operation in slowEvery takes up to slow.
func New(seed process.Seed, slow time.Duration, slowEvery int, trace func(format string, args ...any)) *Disk {
	return &Disk{seed: seed, objects: memory.New(), slow: slow, slowEvery: slowEvery, synced: map[object]int64{}, trace: trace}
}

// Objects are what is on the disk, as nobody's process sees it.
func (d *Disk) Objects() *memory.Store { return d.objects }

// Fail has a share of all operations fail; 0 ends that.
func (d *Disk) Fail(share float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = share
}

// Fill says whether there is no room any more.
func (d *Disk) Fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// Stall calls stop once, with the process that does the next write of an object whose name
// contains part: before or after it takes effect. The function that it returns ends that.
func (d *Disk) Stall(part string, after bool, stop func(p *process.Process, what string)) (disarm func()) {
	s := &stall{part, after, stop}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stalls = append(d.stalls, s)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stalls = slices.DeleteFunc(d.stalls, func(other *stall) bool { return other == s })
	}
}

// passes stops the process if it is to stop here.
func (d *Disk) passes(p *process.Process, what, name string, after bool) {
	d.mu.Lock()
	i := slices.IndexFunc(d.stalls, func(s *stall) bool { return s.after == after && strings.Contains(name, s.part) })
	if i < 0 {
		d.mu.Unlock()
		return
	}
	s := d.stalls[i]
	d.stalls = slices.Delete(d.stalls, i, i+1)
	d.mu.Unlock()
	s.stop(p, what+" "+name)
}

// fault is the error of an operation that fails.
func (d *Disk) fault(name string, writes bool, r *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case writes && d.full:
		return &job.Error{Op: name, Kind: job.KindStorage, Err: syscall.ENOSPC}
	case d.failing > 0 && r.Float64() < d.failing:
		return &job.Error{Op: name, Kind: job.KindStorage, Err: syscall.EIO}
	}
	return nil
}

func (d *Disk) setSynced(o object, length int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced[o] = length
}

// CutPower loses some of what was appended and not synced. All processes must be dead. It
// returns how many lines are lost.
func (d *Disk) CutPower(ctx context.Context) (lost int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.seed.Rand("power")
	for _, o := range slices.SortedFunc(maps.Keys(d.synced), func(a, b object) int { return strings.Compare(a.folder+a.name, b.folder+b.name) }) {
		synced := d.synced[o]
		folder, err := d.objects.Folder(ctx, o.folder, false)
		if err != nil {
			return lost, err
		}
		data, err := content(ctx, folder, o.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return lost, err
		}
		kept := max(synced, 0) + r.Int64N(int64(len(data))-max(synced, 0)+1)
		lost += strings.Count(string(data[kept:]), "\n")
		if synced < 0 && r.IntN(2) == 0 {
			lost += strings.Count(string(data[:kept]), "\n")
			err = folder.Delete(ctx, o.name)
		} else {
			err = folder.Put(ctx, o.name, write(data[:kept]))
		}
		if err != nil {
			return lost, err
		}
	}
	clear(d.synced)
	return lost, nil
}

// Flip flips a bit of one of the objects whose names contain part. It returns the name and
// how many lines begin after the bit; an empty name if there is no such object.
func (d *Disk) Flip(ctx context.Context, uri, part string) (name string, lines int, err error) {
	folder, err := d.objects.Folder(ctx, uri, false)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	entries, err := folder.List(ctx, "")
	if err != nil {
		return "", 0, err
	}
	entries = slices.DeleteFunc(entries, func(e storage.Entry) bool { return e.Size == 0 || !strings.Contains(e.Name, part) })
	if len(entries) == 0 {
		return "", 0, nil
	}
	r := d.seed.Rand("flip " + part)
	chosen := entries[r.IntN(len(entries))]
	data, err := content(ctx, folder, chosen.Name)
	if err != nil {
		return "", 0, err
	}
	at := r.IntN(len(data))
	lines = strings.Count(string(data[at:]), "\n") + 1
	data[at] ^= 1 << r.IntN(8)
	return chosen.Name, lines, folder.Put(ctx, chosen.Name, write(data))
}

func content(ctx context.Context, folder storage.Folder, name string) ([]byte, error) {
	o, err := folder.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(storage.NewReader(o))
	return data, errors.Join(err, o.Close())
}

func write(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// time is how long an operation takes.
func (d *Disk) time(r *rand.Rand) time.Duration {
	if d.slowEvery > 0 && r.IntN(d.slowEvery) == 0 {
		return process.Between(r, time.Millisecond, d.slow)
	}
	return process.Between(r, 20*time.Microsecond, 2*time.Millisecond)
}

func (o object) String() string { return fmt.Sprintf("%s/%s", o.folder, o.name) }
