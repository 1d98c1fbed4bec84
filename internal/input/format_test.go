package input

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// groups is a format as Parquet is one: groups of rows, and a footer at the end that
// says where they are. A position is a group and a row, not an offset. It is read footer
// first, and each group at once.
//
//	group: its rows, 4 bytes each
//	footer: the number of rows of each group, 4 bytes each, and the number of groups
type groups struct{}

const rowBytes = 4

func groupsOf(sizes ...uint32) []byte {
	var content []byte
	row := uint32(0)
	for _, size := range sizes {
		for range size {
			content = binary.BigEndian.AppendUint32(content, row)
			row++
		}
	}
	for _, size := range sizes {
		content = binary.BigEndian.AppendUint32(content, size)
	}
	return binary.BigEndian.AppendUint32(content, uint32(len(sizes)))
}

func (groups) footer(s *source) (sizes []uint32, err error) {
	var b [rowBytes]byte
	if _, err := s.ReadAt(b[:], s.size()-rowBytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	count := int64(binary.BigEndian.Uint32(b[:]))
	footer := make([]byte, count*rowBytes)
	if _, err := s.ReadAt(footer, s.size()-rowBytes-count*rowBytes); err != nil {
		return nil, err
	}
	for ; len(footer) > 0; footer = footer[rowBytes:] {
		sizes = append(sizes, binary.BigEndian.Uint32(footer))
	}
	return sizes, nil
}

func (g groups) contains(s *source, at position) bool {
	sizes, err := g.footer(s)
	return err == nil && at>>32 < position(len(sizes)) && at&0xffffffff < position(sizes[at>>32])
}

func (g groups) open(s *source, at position) (scanner, error) {
	sizes, err := g.footer(s)
	return &groupScanner{source: s, sizes: sizes, group: uint32(at >> 32), row: uint32(at)}, err
}

type groupScanner struct {
	source     *source
	sizes      []uint32
	group, row uint32
	rows       []byte
}

func (g *groupScanner) next() ([]byte, position, error) {
	for int(g.group) < len(g.sizes) && g.row >= g.sizes[g.group] {
		g.group, g.row, g.rows = g.group+1, 0, nil
	}
	if int(g.group) >= len(g.sizes) {
		return nil, 0, io.EOF
	}
	if g.rows == nil {
		before := int64(0)
		for _, size := range g.sizes[:g.group] {
			before += int64(size)
		}
		g.rows = make([]byte, g.sizes[g.group]*rowBytes)
		if _, err := g.source.ReadAt(g.rows, before*rowBytes); err != nil {
			return nil, 0, err
		}
	}
	value := strconv.AppendUint(nil, uint64(binary.BigEndian.Uint32(g.rows[g.row*rowBytes:])), 10)
	at := position(g.group)<<32 | position(g.row)
	g.row++
	return value, at, nil
}

func TestAFormatNeedsNoByteOffsets(t *testing.T) {
	t.Parallel()
	content := groupsOf(100, 0, 700, 1)
	f := &File{object: memory{bytes.NewReader(content)}, uri: "in", format: groups{}, step: IndexStep}
	var index bytes.Buffer
	fingerprint, err := f.Index(context.Background(), &index, func(int64) {})
	require.NoError(t, err)
	require.EqualValues(t, 801, fingerprint.Records)
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), fingerprint.SHA256, "although the footer is read first")
	require.Equal(t, []byte{0, 0, 0, 2, 0, 0, 0, 156}, index.Bytes()[8:16], "record 256: group 2, row 156")
	require.NoError(t, f.CheckIndex(indexIn(index.Bytes()), fingerprint))
	for _, r := range []job.Range{{First: 0, Last: 801}, {First: 99, Last: 101}, {First: 300, Last: 600}, {First: 800, Last: 801}} {
		next := r.First
		for record, err := range f.Records(indexIn(index.Bytes()), r) {
			require.NoError(t, err)
			require.Equal(t, strconv.FormatInt(next, 10), string(record.Value))
			next++
		}
		require.Equal(t, r.Last, next)
	}
}

// Every format that can be read is accepted in a spec, and every extension leads to one.
func TestEveryFormatHasAName(t *testing.T) {
	t.Parallel()
	for name := range formats {
		spec := job.DefaultSpec()
		spec.Input = job.InputSpec{URI: "in", Format: name}
		spec.Output.URI, spec.Call.Sleep = "out", &job.SleepSpec{}
		require.NoError(t, spec.Validate(), name)
	}
	for _, uri := range []string{"in.jsonl", "in.ndjson", "in.csv", "in.txt"} {
		require.Contains(t, formats, job.InputSpec{URI: uri}.ResolvedFormat())
	}
}

func TestAFormatThatIsNotKnown(t *testing.T) {
	t.Parallel()
	_, err := formatOf("xml", 0)
	require.EqualError(t, err, `input.format: "xml" is not a format; use jsonl, csv or lines`)
	for _, version := range []int{-1, 2} {
		_, err = formatOf(job.FormatCSV, version)
		require.ErrorContains(t, err, fmt.Sprintf("version %d of format csv is not known to this worker; use the Longhaul that wrote it", version))
		require.Equal(t, job.KindOutput, job.KindOf(err))
	}
}
