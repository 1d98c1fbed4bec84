package storage

import (
	"errors"
	"os"
)

// appender syncs the folder too, once: a file whose name is lost is lost.
type appender struct {
	*os.File
	folder *Folder
	dir    string
	named  bool
}

func (a *appender) Sync() error {
	if err := a.File.Sync(); err != nil {
		return err
	}
	if a.named {
		return nil
	}
	a.named = true
	return a.folder.syncDir(a.dir)
}

func (a *appender) Close() error {
	return errors.Join(a.Sync(), a.File.Close())
}
