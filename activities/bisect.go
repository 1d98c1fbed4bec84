package activities

import (
	"slices"

	"longhaul/internal/journal"
)

// A record can be poison: whoever calls it dies. Of a process that has died only the
// calls in flight are known. They are suspects, and the one that is poison is found by
// bisection: suspects are called after all other records of the chunk, group by group,
// and each death leaves a quarter of them, the group that was in flight. (Halves would
// take as long, with twice as many deaths.) Nobody waits for a suspect but other
// suspects. A single one is called with no other call of the job in its process.
//
// A worker may also be killed for other reasons, while it calls whatever record. Such
// deaths are known when all that was in flight has succeeded since. Suspects wait until
// all others are done, so that a row of kills hits others too.

// poisonous is how many times a process must have died of a record that was alone in
// it, and how many times more often than it was killed.
const poisonous = 3

// parts is in how many groups suspects with the same deaths are divided.
const parts = 4

// group is suspects that are called at the same time.
type group struct {
	suspects []journal.Suspect
	// isolated: with no other call of the job in the process.
	isolated bool
	// poison is set for a single suspect that is not called any more.
	poison bool
}

// groupsOf makes groups of suspects, which are in order of suspicion, the least
// suspicious first: of those with the same deaths one part after the other. The kills
// are deaths that were nobody's fault.
func groupsOf(suspects []journal.Suspect, kills int) (groups []group) {
	for len(suspects) > 0 {
		same := 1
		for same < len(suspects) && suspects[same].All == suspects[0].All && suspects[same].Alone == suspects[0].Alone {
			same++
		}
		groups = append(groups, partsOf(suspects[:same], kills)...)
		suspects = suspects[same:]
	}
	return groups
}

func partsOf(same []journal.Suspect, kills int) (groups []group) {
	if same[0].Alone > 0 || len(same) == 1 {
		for i := range same {
			groups = append(groups, group{suspects: same[i : i+1], isolated: true, poison: same[i].Alone >= poisonous+kills})
		}
		return groups
	}
	for part := range slices.Chunk(same, (len(same)+parts-1)/parts) {
		groups = append(groups, group{suspects: part, isolated: len(part) == 1})
	}
	return groups
}
