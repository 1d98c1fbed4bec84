package local

import (
	"context"
	"errors"
	"os"
	"path"
)

// appender syncs the folder too, once: a file whose name is lost is lost.
type appender struct {
	ctx    context.Context //nolint:containedctx // the interface binds an appender to it
	file   *os.File
	folder *folder
	name   string
	named  bool
}

func (a *appender) Write(p []byte) (int, error) {
	if a.ctx.Err() != nil {
		return 0, context.Cause(a.ctx)
	}
	n, err := a.file.Write(p)
	if err != nil {
		err = a.folder.fail(a.name, err)
	}
	return n, err
}

func (a *appender) Sync() error {
	if err := a.folder.dirs.sync(a.file); err != nil {
		return err
	}
	if a.named {
		return nil
	}
	a.named = true
	return a.folder.syncDir(path.Dir(a.name))
}

func (a *appender) Close() error {
	return errors.Join(a.Sync(), a.file.Close())
}
