// Package process has the simulated processes of workers, and the draws of a seed.
//
// A [Process] is not stopped as the operating system would stop it: its goroutines run on
// until they reach for something outside, the disk, the server or the API. There they wait
// while the process is stopped, and get nothing any more once it is dead. What a process
// computes in between takes no time.
//
// [Seed] decides everything that is left to chance. A draw has a name, and depends on
// nothing but the seed and the name: the order in which goroutines run changes no draw.
package process
