package session

import (
	"context"
	"time"

	"longhaul/calls"
	"longhaul/job"
)

// settledAfter is when a change of settings has a time of its own: two that come one right
// after the other may have the same, by the clock of a file system.
const settledAfter = 2 * time.Second

// readControl reads the settings that were changed, if there are any.
func (k *keeper) readControl(ctx context.Context) error {
	changed, err := k.Output.ControlChanged(ctx)
	if err != nil || changed.Equal(k.controlChanged) {
		return err
	}
	read := time.Now()
	control, err := k.Output.Control(ctx)
	if err != nil && job.KindOf(err) != job.KindOutput {
		return err
	}
	if read.Sub(changed) >= settledAfter {
		k.controlChanged = changed
	}
	if err != nil {
		k.loseSettings(err)
		return nil
	}
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

// loseSettings is for settings that cannot be read. The running chunks would keep what was
// before: a pause, say, that was ended.
func (k *keeper) loseSettings(err error) {
	if !k.settingsLost.Swap(true) {
		k.logger.Warn("changed settings cannot be read: the chunks go back to the workflow, which writes the settings anew", "error", err)
	}
	k.Pool.CloseLanes()
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
