// Package verify proves or refutes that an output folder holds every record of its
// input exactly once, in order.
package verify
