package job

import "fmt"

// Percent is a part of a whole for a screen, such as 31.9 %. It is 100 % only if it is
// all, and never 0.0 % of something.
func Percent(part, whole int64) string {
	value := 100 * float64(part) / float64(max(1, whole))
	switch {
	case part == whole && part > 0:
		return "100 %"
	case part > 0 && value < 0.1:
		return "<0.1 %"
	}
	return fmt.Sprintf("%.1f %%", min(value, 99.9))
}

// PercentOf is the same for a report, in words at the ends: never 0% of something, nor 100% of
// less than all.
func PercentOf(part, whole int64) string {
	percent := 100 * float64(part) / float64(max(whole, 1))
	switch {
	case part == 0 || part == whole:
		return fmt.Sprintf("%.0f%%", percent)
	case percent < 0.1:
		return "under 0.1%"
	case percent > 99.9:
		return "over 99.9%"
	default:
		return fmt.Sprintf("%.1f%%", percent)
	}
}
