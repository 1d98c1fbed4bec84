// Package bench measures speed and memory against other ways to do the same
// work, in the same run: make bench. Machines are noisy: compare the ratios.
package bench
