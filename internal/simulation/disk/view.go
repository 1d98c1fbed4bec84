package disk

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"

	"longhaul/internal/simulation/process"
	"longhaul/internal/storage"
)

// View is the disk as a process sees it.
type View struct {
	disk    *Disk
	process *process.Process
}

// View is the disk for a process.
func (d *Disk) View(p *process.Process) *View { return &View{d, p} }

// do does an operation, which takes effect after some time, and returns after some more. Its
// context counts when it begins only.
func (v *View) do(ctx context.Context, what, name string, writes bool, effect func(context.Context, *rand.Rand) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	changes := writes || what == "delete"
	if changes {
		v.disk.passes(v.process, what, name, false)
	}
	r := v.disk.seed.Rand(v.process.Draw(what + " " + name))
	if err := v.process.Wait(v.disk.time(r)); err != nil {
		return err
	}
	if err := v.disk.fault(name, writes, r); err != nil {
		v.disk.trace("%s %s %s: %v", v.process.Name, what, name, err)
		return err
	}
	err := effect(ctx, r)
	if changes {
		v.disk.passes(v.process, what, name, true)
	}
	v.disk.trace("%s %s %s %v", v.process.Name, what, name, err)
	if dead := v.process.Wait(v.disk.time(r)); dead != nil {
		return dead
	}
	return err
}

// Open opens an input.
func (v *View) Open(ctx context.Context, uri string) (found storage.Object, err error) {
	err = v.do(ctx, "open", uri, false, func(ctx context.Context, _ *rand.Rand) (err error) {
		found, err = v.disk.objects.Open(ctx, uri)
		return err
	})
	return found, err
}

// Folder opens an output folder.
func (v *View) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	f := &folder{View: v, uri: uri}
	err := v.do(ctx, "folder", uri, create, func(ctx context.Context, _ *rand.Rand) (err error) {
		f.inner, err = v.disk.objects.Folder(ctx, uri, create)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Close does nothing.
func (v *View) Close() error { return nil }

type folder struct {
	*View
	uri   string
	inner storage.Folder
}

func (f *folder) URI() string  { return f.uri }
func (f *folder) Close() error { return nil }

func (f *folder) Open(ctx context.Context, name string) (found storage.Object, err error) {
	err = f.do(ctx, "open", name, false, func(ctx context.Context, _ *rand.Rand) (err error) {
		found, err = f.inner.Open(ctx, name)
		return err
	})
	return found, err
}

func (f *folder) List(ctx context.Context, prefix string) (entries []storage.Entry, err error) {
	err = f.do(ctx, "list", prefix, false, func(ctx context.Context, _ *rand.Rand) (err error) {
		entries, err = f.inner.List(ctx, prefix)
		return err
	})
	return entries, err
}

func (f *folder) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.put(ctx, "put", name, write, f.inner.Put)
}

func (f *folder) PutIfAbsent(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.put(ctx, "put-if-absent", name, write, f.inner.PutIfAbsent)
}

// put writes first, which may take long, and gives the object its name then.
func (f *folder) put(ctx context.Context, what, name string, content func(io.Writer) error, put func(context.Context, string, func(io.Writer) error) error) error {
	var b bytes.Buffer
	if err := content(&b); err != nil {
		return err
	}
	return f.do(ctx, what, name, true, func(ctx context.Context, _ *rand.Rand) error {
		return put(context.WithoutCancel(ctx), name, write(b.Bytes()))
	})
}

func (f *folder) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		err := f.do(ctx, "delete", name, false, func(ctx context.Context, _ *rand.Rand) error { return f.inner.Delete(context.WithoutCancel(ctx), name) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) Sync(ctx context.Context, name string) error {
	return f.do(ctx, "sync", name, false, func(ctx context.Context, _ *rand.Rand) error {
		o, err := f.inner.Open(ctx, name)
		if err != nil {
			return err
		}
		f.disk.setSynced(object{f.uri, name}, o.Size())
		return o.Close()
	})
}

func (f *folder) Fence(ctx context.Context, token storage.Token) error {
	return f.do(ctx, "fence", token.ID, true, func(ctx context.Context, _ *rand.Rand) error { return f.inner.Fence(context.WithoutCancel(ctx), token) })
}

func (f *folder) Revoke(ctx context.Context, token storage.Token) error {
	return f.do(ctx, "revoke", token.ID, false, func(ctx context.Context, _ *rand.Rand) error {
		return f.inner.Revoke(context.WithoutCancel(ctx), token)
	})
}

func (f *folder) Fenced(token storage.Token) storage.Folder {
	return &folder{View: f.View, uri: f.uri, inner: f.inner.Fenced(token)}
}

func (f *folder) Attempt(ctx context.Context, step string, work func(storage.Folder) error) error {
	if err := f.do(ctx, "attempt", step, true, func(context.Context, *rand.Rand) error { return nil }); err != nil {
		return err
	}
	return f.inner.Attempt(ctx, step, func(inner storage.Folder) error {
		return work(&folder{View: f.View, uri: f.uri, inner: inner})
	})
}

func (f *folder) Append(ctx context.Context, name string) (storage.Appender, error) {
	a := &appender{folder: f, name: name, ctx: ctx}
	err := f.do(ctx, "append", name, true, func(ctx context.Context, _ *rand.Rand) (err error) {
		if a.inner, err = f.inner.Append(ctx, name); err == nil {
			f.disk.setSynced(object{f.uri, name}, -1) // its name may be lost too
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// appender writes at the end of an object.
type appender struct {
	*folder
	name  string
	ctx   context.Context //nolint:containedctx // the interface binds an appender to it
	inner storage.Appender
}

// Write may write a part only, if the process dies of a sudden or the disk is full.
func (a *appender) Write(p []byte) (n int, err error) {
	if a.ctx.Err() != nil {
		return 0, context.Cause(a.ctx)
	}
	r := a.disk.seed.Rand(a.process.Draw("write " + a.name))
	dead := a.process.Wait(a.disk.time(r) / 10)
	fault := a.disk.fault(a.name, true, r)
	if dead != nil || fault != nil {
		n = r.IntN(len(p) + 1)
		if dead != nil && r.IntN(4) > 0 {
			n = 0
		}
	} else {
		n = len(p)
	}
	if n > 0 {
		if _, err := a.inner.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	if dead != nil {
		return 0, dead
	}
	a.disk.trace("%s write %s %d %v", a.process.Name, a.name, n, fault)
	return n, fault
}

func (a *appender) Sync() error { return a.folder.Sync(context.WithoutCancel(a.ctx), a.name) }

func (a *appender) Close() error { return a.inner.Close() }
