package output

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/internal/storage"
)

// bytesObject is an object in memory that counts reads.
type bytesObject struct {
	*bytes.Reader
	reads int
}

func (o *bytesObject) ReadAt(p []byte, offset int64) (int, error) {
	o.reads++
	return o.Reader.ReadAt(p, offset)
}
func (*bytesObject) ModTime() time.Time { return time.Time{} }
func (*bytesObject) Close() error       { return nil }

func randomObject(seed uint64, size int) (*bytesObject, []byte) {
	content := make([]byte, size)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	return &bytesObject{Reader: bytes.NewReader(content)}, content
}

// Wherever lines lie and in whatever order they are asked for, they are what is there.
func TestABlockGivesWhatIsThere(t *testing.T) {
	t.Parallel()
	const size = 3*blockSize + 77
	objects, contents := [2]storage.Object{}, [2][]byte{}
	for i := range objects {
		objects[i], contents[i] = randomObject(uint64(i), size)
	}
	rapid.Check(t, func(t *rapid.T) {
		var b block
		var line, buffer []byte
		var err error
		for range rapid.IntRange(1, 50).Draw(t, "lines") {
			source := uint32(rapid.IntRange(0, 1).Draw(t, "journal"))
			length := rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 2*blockSize)).Draw(t, "length")
			at := location{offset: rapid.Int64Range(0, int64(size-length)).Draw(t, "offset"), length: uint32(length)}
			line, buffer, err = b.line(objects[source], source, at, buffer)
			require.NoError(t, err)
			require.True(t, bytes.Equal(contents[source][at.offset:at.offset+int64(length)], line))
		}
	})
}

// Lines that come nearly in order take few reads, also when single ones lie far away.
func TestABlockIsReadOnce(t *testing.T) {
	t.Parallel()
	const lines, length = 100_000, 100
	object, content := randomObject(1, lines*length)
	order := make([]int64, lines)
	for i := range order {
		order[i] = int64(i)
	}
	for first := 0; first < lines; first += 200 {
		rand.Shuffle(200, func(i, j int) { order[first+i], order[first+j] = order[first+j], order[first+i] })
	}
	for i := 0; i < lines/2; i += 1000 { // slow calls
		order[i], order[i+lines/2] = order[i+lines/2], order[i]
	}
	var b block
	var line, buffer []byte
	var err error
	for _, i := range order {
		line, buffer, err = b.line(object, 0, location{offset: i * length, length: length}, buffer)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content[i*length:(i+1)*length], line))
	}
	require.Less(t, object.reads, lines/200, "%d bytes", len(content))
}

// A journal that has become shorter is an error, as it was without blocks.
func TestALineBehindTheEndIsAnError(t *testing.T) {
	t.Parallel()
	object, _ := randomObject(1, 1000)
	var b block
	_, _, err := b.line(object, 0, location{offset: 990, length: 20}, nil)
	require.ErrorIs(t, err, io.EOF)
}
