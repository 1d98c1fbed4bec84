package output

import (
	"context"
	"time"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Control reads the settings that were changed; nil if none were.
func (f *Folder) Control(ctx context.Context) (*job.Control, error) {
	var control job.Control
	err := f.readJSON(ctx, controlName, &control)
	if isMissing(err) {
		return nil, nil
	}
	return &control, err
}

// maxChanges is how many changes are kept, the last ones.
const maxChanges = 1000

// ControlChanged says when the settings were changed last; zero if they were not.
func (f *Folder) ControlChanged(ctx context.Context) (time.Time, error) {
	object, err := f.store.Open(ctx, controlName)
	if isMissing(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return object.ModTime(), object.Close()
}

// PutControl writes changed settings for the running chunks. Changes that are there
// already stay, before the new ones, but for the first of very many. A version that was
// written before is not written again.
func (f *Folder) PutControl(ctx context.Context, control job.Control) error {
	return f.attempt(ctx, "settings", func(f *Folder) error { return f.putControl(ctx, control) })
}

func (f *Folder) putControl(ctx context.Context, control job.Control) error {
	old, err := f.Control(ctx)
	if err != nil && job.KindOf(err) != job.KindOutput { // one that is damaged is replaced
		return err
	}
	if err == nil && old != nil {
		if old.Epoch == control.Epoch && old.RunID == control.RunID && old.Version >= control.Version {
			return nil
		}
		control.Changes = append(old.Changes, control.Changes...)
		control.Changes = control.Changes[max(0, len(control.Changes)-maxChanges):]
	}
	return f.store.Put(ctx, controlName, storage.JSONWithDigest(control))
}
