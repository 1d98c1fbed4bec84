package process

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Seed decides all that is left to chance.
type Seed uint64

// Rand draws for what has the name.
func (s Seed) Rand(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(uint64(s), h.Sum64())) //nolint:gosec // it must be the same each time
}

// Between is a duration from the least to the most, to the nanosecond: two things that
// are drawn hardly ever happen at the same moment.
func Between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
