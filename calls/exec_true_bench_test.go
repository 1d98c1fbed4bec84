package calls

import (
	"os/exec"
	"testing"

	"longhaul/internal/supervisor"
)

func BenchmarkTrue(b *testing.B) {
	defer supervisor.Hold()()
	path, _ := exec.LookPath("true")
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

func BenchmarkTrueParallel(b *testing.B) {
	defer supervisor.Hold()()
	path, _ := exec.LookPath("true")
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p, err := startProcess(b.Context(), []string{path}, "", func(int64, string) {})
			if err != nil {
				b.Fatal(err)
			}
			<-p.ended
			p.discard()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
