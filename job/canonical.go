package job

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strings"
)

// Same says whether the other spec asks for exactly the same, however each of
// them was written.
func (s Spec) Same(other Spec) bool { return s.canonical() == other.canonical() }

func (s Spec) canonical() string {
	if s.Call.HTTP != nil && s.Call.HTTP.RetryOn == nil {
		h := *s.Call.HTTP
		h.RetryOn = []StatusPattern{}
		s.Call.HTTP = &h
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error() // a tree that is not JSON, or a rate that is not a number
	}
	return canonicalJSON(text)
}

// canonicalJSON is the same text for JSON of the same meaning: objects have
// their keys in order, strings one way to be escaped, numbers one way to be
// written. Text that is not JSON stays as it is.
func canonicalJSON(data []byte) string {
	value, err := decodeTree(data)
	if err != nil {
		return string(data)
	}
	return string(encodeTree(equalNumbers(value)))
}

// compactJSON is canonicalJSON but for numbers, which keep the digits that they
// were written with.
func compactJSON(data []byte) (json.RawMessage, error) {
	value, err := decodeTree(data)
	if err != nil {
		return nil, err
	}
	return encodeTree(value), nil
}

func decodeTree(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, Errorf(KindSpec, "", "there is more than one JSON value")
	}
	return value, nil
}

// encodeTree encodes what decodeTree returns; that cannot fail.
func encodeTree(value any) json.RawMessage {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func equalNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		return equalNumber(value)
	case []any:
		for i := range value {
			value[i] = equalNumbers(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = equalNumbers(value[name])
		}
	}
	return value
}

// equalNumber writes a number as digits that begin and end with other than
// zero, and a power of ten: 1.50, 1.5 and 15e-1 are all 15e-1. No digit is lost,
// and an exponent of a million takes no memory.
func equalNumber(number json.Number) json.Number {
	text, negative := strings.CutPrefix(string(number), "-")
	mantissa, exponentText, hasExponent := strings.Cut(strings.ToLower(text), "e")
	exponent := new(big.Int)
	if hasExponent {
		exponent.SetString(strings.TrimPrefix(exponentText, "+"), 10)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	trimmed := strings.TrimRight(digits, "0")
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(trimmed)-len(fraction))))
	if negative {
		trimmed = "-" + trimmed
	}
	return json.Number(trimmed + "e" + exponent.String())
}
