package job

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALeastThatIsThereTwice(t *testing.T) {
	t.Parallel()
	var tuning Tuning
	err := json.Unmarshal([]byte(`{"min_parallelism": 3, "parallelism": "auto"}`), &tuning)
	require.EqualError(t, err, "min_parallelism: is there twice; keep one of them", "the other order is below")
}

func specWith(t *testing.T, parallelism string) (Spec, error) {
	t.Helper()
	var s Spec
	err := json.Unmarshal(fmt.Appendf(nil, `{"input": {"count": 1}, "output": {"uri": "out"}, "call": {"sleep": {}}, "parallelism": %s}`, parallelism), &s)
	return s, err
}

func TestAParallelismThatTheWorkersFind(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int{
		`7`: {0, 7}, `"auto"`: {4, 1000}, `{}`: {4, 1000}, `{"min": 9}`: {9, 1000}, ` {"max": 50, "min": 50}`: {50, 50},
		`7, "min_parallelism": 3`: {3, 7},
	} {
		s, err := specWith(t, text)
		require.NoError(t, err, text)
		require.NoError(t, s.Validate(), text)
		require.Equal(t, want, [2]int{s.MinParallelism, s.Parallelism}, text)
		require.Equal(t, want[0] > 0, s.IsAdaptive(), text)
	}
	for text, want := range map[string]string{
		`"AUTO"`:                         `parallelism: "AUTO" is not a parallelism; give a number, "auto", or {"min": 4, "max": 1000}`,
		`[7]`:                            "parallelism: found a JSON array where a whole number belongs",
		`{"min": 0}`:                     "parallelism.min: 0 is out of range; give 1 or more",
		`{"max": "x"}`:                   "parallelism.max: found a JSON string where a whole number belongs",
		`{"most": 7}`:                    "parallelism.most: unknown field; the fields here are min, max",
		`{"max": 3}`:                     "min_parallelism: 4 is more than the parallelism, 3; give at most 3, or 0 for a fixed parallelism",
		`{"max": 200000}`:                "parallelism: 200000 is out of range; give 1 to 100000",
		`"auto", "min_parallelism": 4`:   "min_parallelism: is there twice; keep one of them",
		`7, "min_parallelism": -1`:       "min_parallelism: -1 is out of range; give 0 to 100000",
		`null`:                           "parallelism: has no value; give one, or leave the field out",
		`{"max": 7, "min": 3}, "rat": 1`: "rat: unknown field, did you mean rate?",
	} {
		s, err := specWith(t, text)
		if err == nil {
			err = s.Validate()
		}
		require.EqualError(t, err, want, text)
	}
}

func TestAParallelismIsTunedFromTextAndJSON(t *testing.T) {
	t.Parallel()
	ten, least, most := 10, 4, 1000
	knob, err := KnobNamed("parallelism")
	require.NoError(t, err)
	for text, want := range map[string]Tuning{
		"10": {Parallelism: &ten}, "auto": {Parallelism: &most, MinParallelism: &least}, "4..10": {Parallelism: &ten, MinParallelism: &least},
	} {
		var tuning Tuning
		require.NoError(t, knob.Parse(text, &tuning), text)
		require.Equal(t, want, tuning, text)
	}
	for _, text := range []string{"", "many", "4..", "..4", "0..4", "4...7", "-1..4"} {
		var tuning Tuning
		require.ErrorContains(t, knob.Parse(text, &tuning), "is not a parallelism", text)
		require.True(t, tuning.IsZero(), text)
	}
	var tuning Tuning
	require.NoError(t, json.Unmarshal([]byte(`{"parallelism": "auto"}`), &tuning))
	require.Equal(t, Tuning{Parallelism: &most, MinParallelism: &least}, tuning)
	s := DefaultSpec().Tuned(tuning).Tuned(Tuning{Parallelism: &ten})
	require.Equal(t, "4 to 10", s.Settings().ParallelismText(func(n int64) string { return strconv.FormatInt(n, 10) }), "what is not named stays")
}
