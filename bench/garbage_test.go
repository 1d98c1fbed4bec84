package bench

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/calls"
	"longhaul/internal/journal"
	"longhaul/internal/output"
	"longhaul/internal/pool"
	"longhaul/job"
)

// answering is an API that makes no garbage of its own: it answers every request alike.
func answering(b *testing.B) (url string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return "http://" + listener.Addr().String()
}

func answer(conn net.Conn) {
	defer conn.Close()
	const body = `{"letters":6,"name":"abc"}`
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	buffer := make([]byte, 4096)
	for held := 0; ; {
		n, err := conn.Read(buffer[held:])
		if err != nil {
			return
		}
		held += n
		for end := bytes.Index(buffer[:held], []byte("\r\n\r\n")); end >= 0; end = bytes.Index(buffer[:held], []byte("\r\n\r\n")) {
			held = copy(buffer, buffer[end+4:held])
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}
}

// kept writes results into a journal, as a chunk does.
type kept struct{ *journal.Writer }

func (kept) Mark(job.Mark) error            { return nil }
func (k kept) Keep(result job.Result) error { return k.Append(result) }

// What a record leaves for the garbage collector: a call over HTTP by the pool, its answer in
// the journal. go test -run '^$' -bench Garbage -benchmem ./bench
func BenchmarkGarbage(b *testing.B) {
	store, err := output.LocalStore(b.TempDir())
	require.NoError(b, err)
	folder, err := store.Folder(b.Context(), "out", true)
	require.NoError(b, err)
	writer, err := journal.NewSet(folder).Create(b.Context(), job.Range{Last: int64(b.N)}, "bench", 1)
	require.NoError(b, err)
	spec := job.DefaultHTTPSpec()
	spec.URL = answering(b) + "/{{.}}"
	caller, err := calls.New(job.CallSpec{HTTP: &spec}, calls.Options{Parallelism: parallelism, CallID: "bench"})
	require.NoError(b, err)
	p := pool.New(caller, pool.Options{Retry: job.DefaultSpec().Retry, Output: "out"})
	slot := p.Join(job.LaneGrant{Calls: parallelism}, nil)
	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, p.Run(b.Context(), b.Context(), pool.How{}, numbers(int64(b.N)), kept{writer}))
	b.StopTimer()
	slot.Leave()
	p.Close()
	require.NoError(b, caller.(io.Closer).Close())
}

// numbers are records that are their own index.
func numbers(count int64) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		for i := range count {
			if !yield(job.Record{Index: i, Value: strconv.AppendInt(nil, i, 10)}, nil) {
				return
			}
		}
	}
}
