package output

import (
	"context"

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

// PutControl writes changed settings for the running chunks. Changes that are
// there already stay, before the new ones. A version that was written before is
// not written again.
func (f *Folder) PutControl(ctx context.Context, control job.Control) error {
	old, err := f.Control(ctx)
	if err != nil && job.KindOf(err) != job.KindOutput { // one that is damaged is replaced
		return err
	}
	if err == nil && old != nil {
		if old.Epoch == control.Epoch && old.RunID == control.RunID && old.Version >= control.Version {
			return nil
		}
		control.Changes = append(old.Changes, control.Changes...)
	}
	return f.store.Put(ctx, controlName, storage.JSON(control))
}
