package job

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A field of Tuning without a row would never be changed.
func TestEveryTuningHasAKnob(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[Tuning]()
	require.Len(t, Knobs, fields.NumField())
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		_, err := KnobNamed(name)
		require.NoError(t, err)
	}
}

// Each knob reads, sets, shows and compares its own field, and no other.
func TestKnobs(t *testing.T) {
	t.Parallel()
	before := DefaultSpec()
	count := int64(1)
	before.Input.Count, before.Output.URI, before.Call.Sleep = &count, "out", &SleepSpec{}
	for _, k := range Knobs {
		text := map[string]string{"calls": "7", "duration": "7s", "calls/s": "7.5", "records": "7%"}[k.Unit()]
		var tuning Tuning
		require.Error(t, k.Parse("many", &tuning), k.Name())
		require.True(t, tuning.IsZero())
		require.NoError(t, k.Parse(text, &tuning), k.Name())
		require.True(t, k.isSet(tuning))
		after := before.Tuned(Tuning{}.With(tuning))
		if !k.Derived(before) {
			require.Equal(t, []Change{{What: k.Name(), From: k.Text(before.Settings()), To: text}}, withoutDerived(before.Settings().Changes(after.Settings())))
		}
		require.Equal(t, text, k.Text(after.Settings()))
		var copied Tuning
		k.Tune(after, &copied)
		require.Equal(t, tuning, copied)
		require.NoError(t, tuning.Problem(before))
	}
	require.EqualError(t, Tuning{}.Problem(before), "name at least one of parallelism, min_parallelism, chunk_interval, batch_interval, rate and max_failures")
}

// withoutDerived leaves out batch_interval, which follows chunk_interval by default.
func withoutDerived(changes []Change) []Change {
	if len(changes) == 2 && changes[0].What == "chunk_interval" && changes[1].What == "batch_interval" {
		return changes[:1]
	}
	return changes
}

// The table of the docs has the knobs as they are; make docs writes it anew.
func TestTheDocsHaveEveryKnob(t *testing.T) {
	t.Parallel()
	const page, begin, end = "../docs/operations.md", "<!-- knobs -->\n", "<!-- end of knobs -->"
	var table strings.Builder
	table.WriteString("| setting | unit | flag of `longhaul tune` | |\n|---|---|---|---|\n")
	for _, k := range Knobs {
		table.WriteString("| `" + k.Name() + "` | " + k.Unit() + " | `--" + k.Flag() + "` | " + k.Help() + " |\n")
	}
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(data), begin)
	require.True(t, found)
	inDocs, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if os.Getenv("WRITE_DOCS") != "" {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table.String()+end+after), 0o644))
		return
	}
	require.Equal(t, table.String(), inDocs, "write it anew with: make docs")
}
