package job

import (
	"cmp"
	"slices"
	"strings"
)

// nearest is the candidate that a misspelt name most likely meant, or "" when
// none is near. Case, dashes and underscores do not count.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", 1+max(1, len(name)/3)
	for _, candidate := range candidates {
		if d := editDistance(fold(name), fold(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// ByLikeness sorts names, those that are most like the name first.
func ByLikeness(name string, names []string) []string {
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(editDistance(fold(name), fold(a)), editDistance(fold(name), fold(b)))
	})
	return names
}

func fold(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// editDistance is the optimal string alignment distance: letters that are put in,
// left out, replaced, or exchanged with the next one count one each.
func editDistance(a, b string) int {
	var last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			substitute := row[j]
			if a[i] != b[j] {
				substitute++
			}
			next[j+1] = min(substitute, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], last[j-1]+1)
			}
		}
		last, row = row, next
	}
	return row[len(b)]
}
