package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/verify"
	"longhaul/job"
)

func printed(v *verify.Result) string {
	var b bytes.Buffer
	printVerification(&b, v, "my out", "longhaul run job.yaml")
	return b.String()
}

func TestVerifyNamesOneCommandForAll(t *testing.T) {
	t.Parallel()
	lost := func(name string) verify.Problem {
		return verify.Problem{Text: name + " is missing", Remove: []string{"_longhaul/commits/" + name}, Again: true}
	}
	const refuted = "0 of 0 records in parts (0 succeeded, 0 failed, 0 calls): refuted\n"
	v := &verify.Result{Finished: true, Problems: []verify.Problem{lost("1")}}
	require.Equal(t, "wrong: 1 is missing; fix it with: rm 'my out/_longhaul/commits/1' && longhaul run job.yaml\n"+refuted, printed(v))
	v.Problems = append(v.Problems, lost("2"), lost("2"), verify.Problem{Text: "x is in no commit", Remove: []string{"x"}}, verify.Problem{Text: "index", Again: true})
	v.More = 1200
	require.Equal(t, `wrong: 1 is missing
wrong: 2 is missing
wrong: 2 is missing
wrong: x is in no commit
wrong: index
wrong: 1,200 more things
fix what is listed with: rm 'my out/_longhaul/commits/1' 'my out/_longhaul/commits/2' 'my out/x' && longhaul run job.yaml
`+refuted, printed(v))
	v.Problems, v.More = []verify.Problem{{Text: "index", Again: true}}, 0
	require.Equal(t, "wrong: index; fix it with: longhaul run job.yaml\n"+refuted, printed(v))
	v.Problems = append(v.Problems, verify.Problem{Text: "the input is another one"})
	require.Equal(t, "wrong: index\nwrong: the input is another one\n"+refuted, printed(v), "nothing helps before that")
}

func TestVerifySaysWhatIsNotDone(t *testing.T) {
	t.Parallel()
	v := &verify.Result{Records: 20, Missing: []job.Range{{First: 10, Last: 20}}, Notes: []string{"n"}}
	require.Equal(t, `missing: records 10-19
not finished: there is no _SUCCESS
note: n
0 of 20 records in parts (0 succeeded, 0 failed, 0 calls): incomplete: what is committed is right; start the job again with the same output to go on
`, printed(v))
}

func TestTheCommandThatStartsAJobAgain(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	again := func() string {
		command, err := againCommand(t.Context(), out)
		require.NoError(t, err)
		return command
	}
	require.Equal(t, "longhaul start SPEC --id ID", again())
	require.NoError(t, os.Mkdir(filepath.Join(out, "_longhaul"), 0o755))
	name := filepath.Join(out, "_longhaul", "run.json")
	require.NoError(t, os.WriteFile(name, []byte("{"), 0o644))
	require.Equal(t, "longhaul run SPEC", again())
	require.NoError(t, os.WriteFile(name, []byte(`{"workflow_id":"w","folder":"/a b","command":["longhaul","run","my job.yaml"]}`), 0o644))
	require.Equal(t, "cd '/a b' && longhaul run 'my job.yaml'", again())
}
