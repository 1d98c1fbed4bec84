package storage

import (
	"errors"
	"os"
	"time"
)

// file is an Object: an open file and its state when it was opened.
type file struct {
	*os.File
	size    int64
	modTime time.Time
}

func newFile(f *os.File) (*file, error) {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errIsFolder
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{File: f, size: info.Size(), modTime: info.ModTime()}, nil
}

func (f *file) Size() int64        { return f.size }
func (f *file) ModTime() time.Time { return f.modTime }
