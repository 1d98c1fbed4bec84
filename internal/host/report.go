package host

import (
	"context"
	"errors"
	"io"
	"path"

	"longhaul/internal/output"
	"longhaul/internal/report"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Report makes report.html of an output folder again, and returns its name.
func Report(ctx context.Context, uri string) (name string, err error) {
	stored, err := storage.Unconfined(".").Folder(uri, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	folder := output.NewFolder(stored, uri)
	manifest, err := folder.Manifest()
	if err != nil {
		return "", err
	}
	if manifest == nil {
		return "", job.Errorf(job.KindOutput, uri, "is no output folder: it has no _longhaul/job.json")
	}
	return path.Join(uri, "report.html"), writeReport(ctx, folder, *manifest)
}

func writeReport(ctx context.Context, folder *output.Folder, manifest job.Manifest) error {
	facts, err := folder.Facts(ctx, manifest)
	if err != nil {
		return err
	}
	return folder.PutReport(func(w io.Writer) error { return report.Write(w, facts) })
}
