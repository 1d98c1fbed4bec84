package activities

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/internal/journal"
)

// mortal is a chunk in workers that die: of poison, and of kills.
type mortal struct {
	records  int
	inFlight int
	poison   map[int64]bool
	// killed says whether the process is killed while it makes these calls.
	killed func(calls []int64) bool

	deaths           map[int64]journal.Deaths
	journals         [][]int64
	answered, failed map[int64]bool
	died             int
}

func newMortal(records, inFlight int, poison ...int64) *mortal {
	m := &mortal{
		records: records, inFlight: inFlight, poison: map[int64]bool{}, killed: func([]int64) bool { return false },
		deaths: map[int64]journal.Deaths{}, answered: map[int64]bool{}, failed: map[int64]bool{},
	}
	for _, index := range poison {
		m.poison[index] = true
	}
	return m
}

func (m *mortal) suspects() (suspects []journal.Suspect) {
	for index, deaths := range m.deaths {
		if !m.answered[index] && !m.failed[index] {
			suspects = append(suspects, journal.Suspect{Index: index, Deaths: deaths})
		}
	}
	slices.SortFunc(suspects, func(x, y journal.Suspect) int {
		return cmp.Or(cmp.Compare(x.Alone, y.Alone), cmp.Compare(x.All, y.All), cmp.Compare(x.Index, y.Index))
	})
	return suspects
}

func (m *mortal) kills() (kills int) {
	for _, calls := range m.journals {
		if !slices.ContainsFunc(calls, func(i int64) bool { return !m.answered[i] }) {
			kills++
		}
	}
	return kills
}

// call makes calls, so many at a time; false if the process has died.
func (m *mortal) call(records []int64, alone bool) bool {
	for calls := range slices.Chunk(records, m.inFlight) {
		if slices.ContainsFunc(calls, func(i int64) bool { return m.poison[i] }) || m.killed(calls) {
			m.died++
			m.journals = append(m.journals, calls)
			for _, index := range calls {
				deaths := m.deaths[index]
				if deaths.All++; alone {
					deaths.Alone++
				}
				m.deaths[index] = deaths
			}
			return false
		}
		for _, index := range calls {
			m.answered[index] = true
		}
	}
	return true
}

// attempt is one of the chunk; false if the process has died.
func (m *mortal) attempt() bool {
	suspects := m.suspects()
	var rest []int64
	for index := range int64(m.records) {
		isSuspect := slices.ContainsFunc(suspects, func(s journal.Suspect) bool { return s.Index == index })
		if !isSuspect && !m.answered[index] && !m.failed[index] {
			rest = append(rest, index)
		}
	}
	if !m.call(rest, false) {
		return false
	}
	for _, g := range groupsOf(suspects, m.kills()) {
		var calls []int64
		for _, suspect := range g.suspects {
			calls = append(calls, suspect.Index)
		}
		if g.poison {
			m.failed[calls[0]] = true
		} else if !m.call(calls, g.isolated) {
			return false
		}
	}
	return true
}

func (m *mortal) run(t require.TestingT, most int) {
	for range most {
		if m.attempt() {
			return
		}
	}
	require.FailNow(t, "the chunk does not end", "%d deaths, %d answered", m.died, len(m.answered))
}

// One poisonous record costs less than log2 deaths of the calls in flight, and three of
// itself; nothing else fails.
func TestPoisonIsFoundByBisection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ inFlight, deaths int }{{1, 4}, {2, 4}, {10, 5}, {200, 8}, {1000, 9}} {
		for _, index := range []int64{0, 1, 499, 999} {
			m := newMortal(1000, c.inFlight, index)
			m.run(t, 100)
			require.Equal(t, map[int64]bool{index: true}, m.failed)
			require.Len(t, m.answered, 999)
			require.LessOrEqual(t, m.died, c.deaths, "%d calls in flight", c.inFlight)
		}
	}
}

// All poisonous records are found, and only these, also beside kills.
func TestBisectionFindsAllPoison(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		poison := rapid.SliceOfNDistinct(rapid.Int64Range(0, 299), 0, 5, rapid.ID).Draw(t, "poison")
		m := newMortal(300, rapid.IntRange(1, 300).Draw(t, "in flight"), poison...)
		kills := rapid.IntRange(0, 5).Draw(t, "kills")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m.killed = func(calls []int64) bool {
			if kills > 0 && len(calls) > 1 && random.IntN(3) == 0 {
				kills--
				return true
			}
			return false
		}
		m.run(t, 200)
		require.Len(t, m.failed, len(poison))
		for _, index := range poison {
			require.True(t, m.failed[index])
		}
	})
}

// A worker that is killed again and again fails no record: 60 calls of 3 s, and seven
// kills, each after 1 to 8 s.
func TestKillsAreNoPoison(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		m := newMortal(60, 20)
		left := func() int { return 1 + random.IntN(8) }
		lives, kills := left(), 7
		m.killed = func([]int64) bool {
			if lives -= 3; lives > 0 || kills == 0 {
				return false
			}
			kills--
			lives = left()
			return true
		}
		m.run(t, 100)
		require.Empty(t, m.failed, "seed %d", seed)
		require.Len(t, m.answered, 60)
	}
}
