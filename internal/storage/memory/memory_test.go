package memory

import (
	"testing"

	"longhaul/internal/storage"
	"longhaul/internal/storage/storagetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T) storage.Store { return New() })
}
