package calls

import (
	"os/exec"
	"testing"

	"longhaul/internal/supervisor"
)

func BenchmarkTrue(b *testing.B) {
	path, _ := exec.LookPath("true")
	defer supervisor.Hold()()
	for b.Loop() {
		p, err := startProcess(b.Context(), []string{path}, "", func(int64, string) {})
		if err != nil {
			b.Fatal(err)
		}
		<-p.ended
		p.discard()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
