package local

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// file is an open file and its state when it was opened.
type file struct {
	*os.File
	ctx     context.Context //nolint:containedctx // the interface binds an object to it
	size    int64
	modTime time.Time
}

func newFile(ctx context.Context, f *os.File) (*file, error) {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errIsFolder
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{File: f, ctx: ctx, size: info.Size(), modTime: info.ModTime()}, nil
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	if f.ctx.Err() != nil {
		return 0, context.Cause(f.ctx)
	}
	return f.File.ReadAt(p, offset)
}

func (f *file) Size() int64        { return f.size }
func (f *file) ModTime() time.Time { return f.modTime }

// boundWriter stops a write when the context is done.
type boundWriter struct {
	ctx context.Context //nolint:containedctx // it lives as long as one put
	w   io.Writer
}

func (b boundWriter) Write(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.w.Write(p)
}
