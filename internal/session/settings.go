package session

import (
	"context"

	"longhaul/calls"
	"longhaul/job"
)

// readControl reads the settings that were changed, if there are any.
func (k *keeper) readControl(ctx context.Context) error {
	changed, err := k.Output.ControlChanged(ctx)
	if err != nil || changed.Equal(k.controlChanged) {
		return err
	}
	control, err := k.Output.Control(ctx)
	if job.KindOf(err) == job.KindOutput {
		// The running chunks would keep what was before: a pause, say, that was ended.
		k.logger.Warn("changed settings cannot be read: the chunks go back to the workflow, which writes the settings anew", "error", err)
		k.controlChanged = changed
		k.settingsLost.Store(true)
		k.Pool.CloseLanes()
		return nil
	}
	if err != nil {
		return err
	}
	k.controlChanged = changed
	k.settingsLost.Store(false)
	if control == nil || control.Epoch != k.Ref.Epoch {
		return nil
	}
	if control.Version != k.version {
		k.version = control.Version
		k.logger.Info("settings changed", "version", control.Version, "paused", control.Paused)
	}
	if resizable, ok := k.caller.(calls.Resizable); ok {
		total := 0
		for _, share := range control.Grants {
			total += share.Calls
		}
		resizable.Resize(total)
	}
	k.Pool.Retune(*control)
	return nil
}

// SettingsLost says whether the settings that were changed last cannot be read, so that a
// chunk that was given out before they were does not know them: the workflow has to write
// them anew.
func (s *Session) SettingsLost(ctx context.Context) (bool, error) {
	if !s.keeper.settingsLost.Load() {
		return false, nil
	}
	_, err := s.Output.Control(ctx)
	if job.KindOf(err) == job.KindOutput {
		return true, nil
	}
	return false, err
}
