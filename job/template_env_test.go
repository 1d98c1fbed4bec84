package job

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheVariablesThatTemplatesName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`http://x/{{.id}}`:                       nil,
		`{{env "A"}}/{{env "A"}}`:                {"A"},
		`{{"A" | env}}`:                          {"A"},
		`{{("A") | env | urlquery}}`:             {"A"},
		"{{env `A` | urlquery}}":                 {"A"},
		`{{printf "%s:%s" (env "A") (env "B")}}`: {"A", "B"},
		`{{if .x}}{{env "A"}}{{else if env "B"}}{{env "C"}}{{else}}{{env "D"}}{{end}}`: {"A", "B", "C", "D"},
		`{{range .xs}}{{env "A"}}{{else}}{{env "B"}}{{end}}`:                           {"A", "B"},
		`{{with $k := env "A"}}{{$k}}{{end}}`:                                          {"A"},
		`{{define "t"}}{{env "A"}}{{end}}{{template "t" (env "B")}}`:                   {"A", "B"},
		`{{(env "A").x}}`:   {"A"},
		`{{env .name}}`:     nil,
		`{{env "A`:          nil,
		`{{json .}}env "A"`: nil,
	} {
		spec := DefaultSpec()
		spec.Call.HTTP = &HTTPSpec{URL: text}
		require.Equal(t, want, spec.EnvNames(), "url %s", text)
		spec.Call.HTTP = &HTTPSpec{Headers: map[string]string{"X": text}}
		require.Equal(t, want, spec.EnvNames(), "header %s", text)
		spec.Call.HTTP = &HTTPSpec{Body: Body{Text: text}}
		require.Equal(t, want, spec.EnvNames(), "body %s", text)
		tree, err := json.Marshal(map[string]any{"n": 1, "list": []any{true, map[string]any{"deep": text}}})
		require.NoError(t, err)
		spec.Call.HTTP = &HTTPSpec{Body: Body{Tree: tree}}
		require.Equal(t, want, spec.EnvNames(), "tree %s", tree)
	}
	require.Empty(t, DefaultSpec().EnvNames())
}
