package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"

	"longhaul/job"
)

// ReadJSON decodes an object; fs.ErrNotExist if there is none. One that is not JSON
// is an error that names it.
func ReadJSON(ctx context.Context, f Folder, name string, into any) error {
	object, err := f.Open(ctx, name)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(NewReader(object))
	if err := errors.Join(err, object.Close()); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return job.Errorf(job.KindOutput, path.Join(f.URI(), name), "is damaged: %w", err).
			WithHint("restore it from a copy, or start the job with another output folder")
	}
	return nil
}

// JSON is the content of an object, for Put and PutIfAbsent.
func JSON(value any) func(io.Writer) error {
	return func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
}
