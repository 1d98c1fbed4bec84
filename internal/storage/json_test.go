package storage_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

type thing struct {
	Name string `json:"name"`
	Part *thing `json:"part,omitempty"`
	Sum  string `json:"sha256,omitempty"`
}

// Every bit of an object with a digest counts, but those of the field's name: without it,
// the object is one of version 0.1.
func TestJSONWithDigest(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	want := thing{Name: "a", Part: &thing{Name: "b", Sum: "not it"}}
	require.NoError(t, storage.JSONWithDigest(want)(&b))
	content := b.Bytes()
	folder, err := memory.New().Folder(t.Context(), "out", true)
	require.NoError(t, err)
	read := func(content []byte) (found thing, err error) {
		require.NoError(t, folder.Put(t.Context(), "x", func(w io.Writer) error { _, err := w.Write(content); return err }))
		return found, storage.ReadJSON(t.Context(), folder, "x", &found)
	}
	found, err := read(content)
	require.NoError(t, err)
	require.Equal(t, want.Part, found.Part)

	field := strings.LastIndex(string(content), ",\n  \"sha256\": \"")
	for i := range content {
		for bit := range 8 {
			content[i] ^= 1 << bit
			_, err := read(content)
			if i < field || i >= field+len(",\n  \"sha256\": \"") {
				require.ErrorContains(t, err, "out/x: is damaged: ", "bit %d of byte %d", bit, i)
				require.Equal(t, job.KindOutput, job.KindOf(err))
			}
			content[i] ^= 1 << bit
		}
	}
	require.Error(t, storage.JSONWithDigest(struct{}{})(io.Discard))
}

func TestJSONOfTheFirstVersionHasNoDigest(t *testing.T) {
	t.Parallel()
	folder, err := memory.New().Folder(t.Context(), "out", true)
	require.NoError(t, err)
	require.NoError(t, folder.Put(t.Context(), "x", storage.JSON(thing{Name: "a"})))
	var found thing
	require.NoError(t, storage.ReadJSON(t.Context(), folder, "x", &found))
	require.Equal(t, "a", found.Name)
}
