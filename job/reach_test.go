package job_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestWhatASpecReaches(t *testing.T) {
	t.Parallel()
	spec := job.DefaultSpec()
	call := job.DefaultHTTPSpec()
	call.URL, call.Headers = "http://x/{{.}}", map[string]string{"A": "b"}
	spec.Input.URI, spec.Output.URI, spec.Call.HTTP = "/in.txt", "/out", &call
	changed := func(change func(s *job.Spec, h *job.HTTPSpec)) job.Spec {
		other, http := spec, call
		other.Call.HTTP = &http
		change(&other, &http)
		return other
	}
	for name, other := range map[string]job.Spec{
		"the same":    changed(func(*job.Spec, *job.HTTPSpec) {}),
		"parallelism": changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Parallelism = 7 }),
		"intervals":   changed(func(s *job.Spec, _ *job.HTTPSpec) { s.ChunkInterval = 1; s.BatchInterval = new(job.Duration) }),
		"adaptive":    changed(func(s *job.Spec, _ *job.HTTPSpec) { s.MinParallelism = 7 }),
		"rate":        changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Rate = 7; s.MaxFailures.Value = 3 }),
	} {
		require.True(t, spec.ReachesLike(other, "id"), name)
	}
	count := int64(1)
	for name, other := range map[string]job.Spec{
		"input":  changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Input.URI = "/etc/passwd" }),
		"count":  changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Input = job.InputSpec{Count: &count} }),
		"output": changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Output.URI = "/out2" }),
		"URL":    changed(func(_ *job.Spec, h *job.HTTPSpec) { h.URL = "http://y/{{.}}" }),
		"header": changed(func(_ *job.Spec, h *job.HTTPSpec) { h.Headers = map[string]string{"A": `{{env "B"}}`} }),
		"TLS":    changed(func(_ *job.Spec, h *job.HTTPSpec) { h.TLS.CAFile = "/etc/shadow" }),
		"exec": changed(func(s *job.Spec, _ *job.HTTPSpec) {
			s.Call = job.CallSpec{Exec: &job.ExecSpec{Command: []string{"sh"}}}
		}),
		"redrive": changed(func(s *job.Spec, _ *job.HTTPSpec) { s.Redrive = &job.RedriveSpec{} }),
	} {
		require.False(t, spec.ReachesLike(other, "id"), name)
	}
}

func TestAURIWithPlaceholders(t *testing.T) {
	t.Parallel()
	const pattern = "/o.t/{workflow_id}/{scheduled_time}"
	require.True(t, job.FitsURI(pattern, "/o.t/a-b/2026-01-02T03-04-05Z", "a/b"))
	for _, uri := range []string{pattern, "/oxt/a-b/2026-01-02T03-04-05Z", "/o.t/c/2026-01-02T03-04-05Z", "/o.t/a-b/../x", "/o.t/a-b/2026-01-02T03-04-05Z/x"} {
		require.False(t, job.FitsURI(pattern, uri, "a/b"), uri)
	}
	require.True(t, job.FitsURI("/out", "/out", "id"))
	require.False(t, job.FitsURI("/out", "/out2", "id"))
}
