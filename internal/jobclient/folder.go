package jobclient

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"longhaul/internal/inspect"
	"longhaul/job"
)

// FolderSummary is what an output folder tells of a job that no run works on.
type FolderSummary struct {
	// Records is how many the job has, Committed how many of them are in parts.
	Records, Committed int64
	Finished           bool
	// Stop is why the job was stopped by the results of its calls; nil if it was not.
	Stop *job.StopError
}

// SummarizeFolder reads an output folder; nil if it holds no job.
func SummarizeFolder(ctx context.Context, output string) (s *FolderSummary, err error) {
	if _, err := os.Stat(filepath.Join(output, "_longhaul", "job.json")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	folder, err := inspect.Open(ctx, output)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	s = &FolderSummary{Records: folder.Manifest.Records()}
	_, totals, err := folder.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	s.Committed = totals.Done()
	if _, s.Finished, err = folder.Succeeded(ctx); err != nil {
		return nil, err
	}
	s.Stop, err = folder.Stopped(ctx)
	return s, err
}
