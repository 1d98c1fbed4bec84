package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"longhaul/job"
)

// ErrDamaged is in the error of an object whose content is not what was written.
var ErrDamaged = errors.New("is damaged")

// ReadJSON decodes an object; fs.ErrNotExist if there is none. One that is not JSON, or
// does not have the digest that it says it has, is an error that names it.
func ReadJSON(ctx context.Context, f Folder, name string, into any) error {
	_, err := ReadJSONContent(ctx, f, name, into)
	return err
}

// ReadJSONContent is ReadJSON, and returns the object's content.
func ReadJSONContent(ctx context.Context, f Folder, name string, into any) ([]byte, error) {
	object, err := f.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(NewReader(object))
	if err := errors.Join(err, object.Close()); err != nil {
		return nil, err
	}
	err = checkDigest(content)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return nil, job.Errorf(job.KindOutput, path.Join(f.URI(), name), "%w: %w", ErrDamaged, err).
			WithHint("restore it from a copy, or start the job with another output folder")
	}
	return content, nil
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

// The digest of an object stands between these, as its last field. Only a field of the
// outermost object is indented by two spaces.
const (
	beforeDigest = ",\n  \"sha256\": \""
	afterDigest  = "\"\n}\n"
)

// JSONWithDigest is JSON with one more field at the end, sha256: the digest, in hex, of
// all bytes before that field and its comma. The value is a struct with a field at least.
func JSONWithDigest(value any) func(io.Writer) error {
	return func(w io.Writer) error {
		var b bytes.Buffer
		if err := JSON(value)(&b); err != nil {
			return err
		}
		content, ok := bytes.CutSuffix(b.Bytes(), []byte("\n}\n"))
		if !ok {
			return fmt.Errorf("a %T has no place for a digest", value)
		}
		sum := sha256.Sum256(content)
		_, err := fmt.Fprintf(w, "%s%s%x%s", content, beforeDigest, sum, afterDigest)
		return err
	}
}

// checkDigest refuses an object that has a digest, but a wrong one. Version 0.1 wrote none.
func checkDigest(content []byte) error {
	at := bytes.LastIndex(content, []byte(beforeDigest))
	if at < 0 {
		return nil
	}
	sum := sha256.Sum256(content[:at])
	if found := string(content[at+len(beforeDigest):]); found != hex.EncodeToString(sum[:])+afterDigest {
		return errors.New("its content does not have the sha256 that stands at its end")
	}
	return nil
}
