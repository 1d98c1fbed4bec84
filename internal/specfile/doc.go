// Package specfile reads a job spec, YAML or JSON, from a file and from flags on top, and says
// everything that is wrong with it: each problem with its line, column and field, as compilers
// do.
package specfile
