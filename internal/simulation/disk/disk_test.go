package disk

import (
	"testing"

	"longhaul/internal/simulation/process"
	"longhaul/internal/storage"
	"longhaul/internal/storage/storagetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T) storage.Store {
		return New(1, 0, 0, func(string, ...any) {}).View(process.New("p", 1))
	})
}
