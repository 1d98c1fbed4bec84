package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// block is a code block of docs/reading.md, and the heading it stands below.
type block struct{ section, language, code string }

func readingBlocks(t *testing.T) (blocks []block) {
	t.Helper()
	page, err := os.ReadFile("../docs/reading.md")
	require.NoError(t, err)
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, text, _ := strings.Cut(section, "\n")
		for {
			_, after, found := strings.Cut(text, "```")
			if !found {
				break
			}
			code, rest, closed := strings.Cut(after, "\n```\n")
			require.True(t, closed, "a block of %q has no end", title)
			language, code, _ := strings.Cut(code, "\n")
			blocks = append(blocks, block{title, language, code})
			text = rest
		}
	}
	return blocks
}

// toRead is a folder with an input and an output as the page describes them: 40
// records in two batches, of which every tenth, from 7 on, has failed.
func toRead(t *testing.T) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Path[1:]; strings.HasSuffix(id, "7") {
			http.Error(w, `no such "customer", `+id, http.StatusNotFound)
		} else {
			fmt.Fprintf(w, `{"name":"Name, %s"}`, id)
		}
	}))
	t.Cleanup(api.Close)
	root, id := t.TempDir(), newID(t)
	var input strings.Builder
	for i := range 40 {
		fmt.Fprintf(&input, `{"id":"c-%d","city":"Łódź"}`+"\n", i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "input.jsonl"), []byte(input.String()), 0o644))
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 0, 10)
	spec.Input = job.InputSpec{URI: "input.jsonl"}
	spec.Call.HTTP.URL = api.URL + "/{{.id}}"
	spec.ChunkSize, spec.BatchSize, spec.MaxFailures = 10, 2, job.FailureLimit{Value: 50, Percent: true}
	require.EqualValues(t, 4, finishJob(t, startJob(t, shared, id, spec)).Failed)
	return root
}

// What a block leaves behind, by its last file.
func TestTheReadingPage(t *testing.T) {
	t.Parallel()
	root := toRead(t)
	ran := map[string]int{}
	for _, b := range readingBlocks(t) {
		command := readingCommand(t, b)
		if command == nil {
			continue
		}
		// The programs of the repository come first.
		script := append([]string{"-c", `PATH="$1:$PATH"; shift; exec "$@"`, "sh", binDir}, command...)
		out, code := runCommand(t, root, "sh", script...)
		require.Zero(t, code, "%s\n%s", b.code, out)
		require.NotContains(t, out, "rror:", b.code)
		ran[b.section]++
	}
	require.Equal(t, 1, ran["While the job runs"])
	require.Equal(t, 4, ran["jq"])
	t.Log("blocks run:", ran)
	requireReadings(t, root, ran)
}

// readingCommand is nil for what cannot run on this machine. Spark never runs here;
// its block was written by the reference of DataFrameReader.json. DuckDB's block was
// run with DuckDB 1.5.6, pandas' with 1.5.3.
func readingCommand(t *testing.T, b block) []string {
	t.Helper()
	switch {
	case b.section == "Spark":
		return nil
	case b.language == "sh":
		if _, err := exec.LookPath("jq"); err != nil {
			t.Skip("jq is not on this machine")
		}
		return []string{"sh", "-e", "-c", b.code}
	case b.language == "sql":
		if _, err := exec.LookPath("duckdb"); err != nil {
			t.Log("not run, because duckdb is not on this machine:", b.section)
			return nil
		}
		return []string{"duckdb", "-bail", "-c", b.code}
	case b.language == "python":
		for _, python := range []string{"python3", "/usr/bin/python3"} {
			if exec.Command(python, "-c", "import pandas").Run() == nil {
				return []string{python, "-c", b.code}
			}
		}
		t.Log("not run, because pandas is not on this machine:", b.section)
		return nil
	}
	require.Fail(t, "a block of no known language", b.language)
	return nil
}

func requireReadings(t *testing.T, root string, ran map[string]int) {
	t.Helper()
	lines := func(name string) []string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(data)), "\n")
	}
	answers := lines("answers.csv")
	require.Len(t, answers, 36)
	require.Equal(t, `0,"c-0","Name, c-0"`, answers[0])
	require.Equal(t, `8,"c-8","Name, c-8"`, answers[7])
	failed := lines("failed.tsv")
	require.Len(t, failed, 4)
	require.Equal(t, "17\thttp\t404\t1\tNot Found: no such \"customer\", c-17", failed[1])
	require.Equal(t, `{"id":"c-17","city":"Łódź"}`, lines("again.jsonl")[1])
	numbered := lines("numbered.jsonl")
	require.Len(t, numbered, 40)
	var line struct {
		Index int
		Input struct{ ID string }
	}
	require.NoError(t, json.Unmarshal([]byte(numbered[39]), &line))
	require.Equal(t, 39, line.Index)
	require.Equal(t, "c-39", line.Input.ID)
	for section, file := range map[string]string{"DuckDB": "answers-duckdb.csv", "pandas": "answers-pandas.csv"} {
		if ran[section] > 0 {
			require.Len(t, lines(file), 37, section)
			require.Equal(t, `8,"Name, c-8"`, lines(file)[8], section)
		}
	}
}
