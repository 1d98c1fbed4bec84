package output

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"

	"longhaul/internal/part"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Part opens a part, or an errors part; fs.ErrNotExist if there is none.
func (f *Folder) Part(ctx context.Context, name string) (storage.Object, error) {
	return f.store.Open(ctx, name)
}

// Parts are the names of all parts and errors parts, in order.
func (f *Folder) Parts(ctx context.Context) ([]string, error) {
	var names []string
	for _, prefix := range []string{errorsPrefix, partPrefix} {
		entries, err := f.store.List(ctx, prefix)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			names = append(names, entry.Name)
		}
	}
	return names, nil
}

// EachLine gives the lines of a part. EachFailure is for an errors part: a line of it
// without an error is damage.
func (f *Folder) EachLine(ctx context.Context, name string, use func(part.Line) error) error {
	return f.eachLine(ctx, name, io.Discard, use)
}

// eachLineOf is EachLine for a part that must be what was committed; it says so at its
// end.
func (f *Folder) eachLineOf(ctx context.Context, committed job.PartDigest, use func(part.Line) error) error {
	digest := sha256.New()
	err := f.eachLine(ctx, committed.Name, digest, use)
	if err == nil && hex.EncodeToString(digest.Sum(nil)) != committed.SHA256 {
		err = f.damagedPart(committed.Name, errors.New("its digest is not that of its commit"))
	}
	return err
}

func (f *Folder) eachLine(ctx context.Context, name string, digest io.Writer, use func(part.Line) error) error {
	object, err := f.store.Open(ctx, name)
	if err != nil {
		return err
	}
	reader := part.NewReader(io.TeeReader(storage.NewReader(object), digest))
	for {
		line, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return object.Close()
		case err != nil && ctx.Err() != nil:
			return errors.Join(context.Cause(ctx), object.Close())
		case err != nil:
			return errors.Join(f.damagedPart(name, err), object.Close())
		}
		if err := use(line); err != nil {
			return errors.Join(err, object.Close())
		}
	}
}

// EachFailure gives the lines of an errors part.
func (f *Folder) EachFailure(ctx context.Context, name string, use func(part.Line) error) error {
	return f.EachLine(ctx, name, func(line part.Line) error {
		if line.Error == nil {
			return f.damagedPart(name, errors.New("a line has no error"))
		}
		return use(line)
	})
}

// damagedPart is the error of a part, or an errors part.
func (f *Folder) damagedPart(name string, err error) error {
	failure := job.Errorf(job.KindOutput, name, "is damaged: %w", err)
	for _, prefix := range []string{partPrefix, errorsPrefix} {
		if batch, ok := NumberIn(name, prefix, ".jsonl"); ok {
			return failure.WithHint("restore it from a copy; or delete %s and give the command again: the calls of this batch are made again",
				path.Join(f.URI(), CommitName(batch)))
		}
	}
	return failure
}
