package job

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Ranges are in order and do not overlap. As JSON they are a list as long as they are
// few; a redrive of a job with small batches can leave very many, which Temporal would
// not take as a list. Then they are a text: the lengths of the gaps and of the ranges by
// turns, as varints, compressed (RFC 1951), in base64.
type Ranges []Range

// maxListed is from how many ranges on they are a text.
const maxListed = 1000

// MarshalJSON never fails.
func (r Ranges) MarshalJSON() ([]byte, error) {
	if len(r) <= maxListed {
		return json.Marshal([]Range(r))
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	var lengths []byte
	at := int64(0)
	for _, one := range r {
		lengths = binary.AppendVarint(binary.AppendVarint(lengths[:0], one.First-at), one.Len())
		at = one.Last
		if _, err := w.Write(lengths); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

// UnmarshalJSON takes both forms.
func (r *Ranges) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, (*[]Range)(r))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	lengths, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return fmt.Errorf("ranges: %w", err)
	}
	*r = nil
	for at := int64(0); len(lengths) > 0; {
		gap, n := binary.Varint(lengths)
		length, m := binary.Varint(lengths[max(n, 0):])
		if n <= 0 || m <= 0 {
			return fmt.Errorf("ranges: cut off after %d", len(*r))
		}
		lengths = lengths[n+m:]
		*r = append(*r, Range{First: at + gap, Last: at + gap + length})
		at += gap + length
	}
	return nil
}
