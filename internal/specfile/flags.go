package specfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"longhaul/calls"
	"longhaul/job"
)

// Flags are the most used fields of a spec.
type Flags struct {
	set                                       *pflag.FlagSet
	input, output, chunkInterval, maxFailures string
	parallelism                               int
	chunkSize, batchSize                      int64
	rate                                      float64
}

// Register defines the flags. It must be called once, before the command line is parsed.
func (f *Flags) Register(flags *pflag.FlagSet) {
	f.set = flags
	flags.StringVar(&f.input, "input", "", "input file (input.uri)")
	flags.StringVar(&f.output, "output", "", "output folder (output.uri)")
	flags.IntVar(&f.parallelism, "parallelism", 0, "calls in flight, all workers together")
	flags.Int64Var(&f.chunkSize, "chunk-size", 0, "records per chunk at most")
	flags.StringVar(&f.chunkInterval, "chunk-interval", "", `least time between the starts of two chunks, such as "500ms"`)
	flags.Int64Var(&f.batchSize, "batch-size", 0, "chunks per flush")
	flags.StringVar(&f.maxFailures, "max-failures", "", `failed records before the job stops, such as "100" or "5%"`)
	flags.Float64Var(&f.rate, "rate", 0, "calls started per second at most, all workers together")
}

// Load reads a spec, JSON or YAML, from a file, or for "-" from standard input, and puts the
// flags that were given on top. Its error is everything that is wrong with the spec.
func (f *Flags) Load(stdin io.Reader, file string) (job.Spec, error) {
	data, err := readAll(stdin, file)
	if err != nil {
		return job.Spec{}, err
	}
	read := parse(file, data)
	if read.json == nil {
		return job.Spec{}, read.err()
	}
	spec, problems := job.ReadSpec(read.json)
	read.add(problems, nil)
	if err := f.Apply(&spec); err != nil {
		return spec, err
	}
	for _, p := range read.problems {
		problems = append(problems, p.Error)
	}
	read.add(job.Unexplained(spec.Problems(), problems), f.given())
	read.add(calls.Check(spec.Call), nil)
	read.add(outputProblem(spec), f.given())
	return spec, read.err()
}

// given are the flags on the command line, by the field that they set.
func (f *Flags) given() map[string]string {
	flags := map[string]string{}
	for flag, field := range map[string]string{
		"input": "input.uri", "output": "output.uri", "parallelism": "parallelism", "chunk-size": "chunk_size", "batch-size": "batch_size",
		"rate": "rate", "max-failures": "max_failures", "chunk-interval": "chunk_interval",
	} {
		if f.set.Changed(flag) {
			flags[field] = flag
		}
	}
	if flags["input.uri"] != "" {
		flags["input.format"] = "input"
	}
	return flags
}

// outputProblem refuses the current directory by its full name: whoever deletes
// the answers would delete the spec too.
func outputProblem(spec job.Spec) []*job.Error {
	here, err := os.Getwd()
	if err != nil || filepath.Clean(spec.Output.URI) != here {
		return nil
	}
	return []*job.Error{job.Errorf(job.KindSpec, "output.uri", "%q is the current directory", spec.Output.URI).
		WithHint("name a folder for the answers alone, such as out")}
}

func readAll(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	data, err := os.ReadFile(file)
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return nil, job.Errorf(job.KindSpec, file, "the job spec cannot be read: %w", pathError.Err)
	}
	return data, err
}

// Apply puts the flags that were given on top of a spec.
func (f *Flags) Apply(spec *job.Spec) error {
	changed := f.set.Changed
	if changed("input") {
		spec.Input.URI, spec.Input.Count = f.input, nil
	}
	if changed("output") {
		spec.Output.URI = f.output
	}
	if changed("parallelism") {
		spec.Parallelism = f.parallelism
	}
	if changed("chunk-size") {
		spec.ChunkSize = f.chunkSize
	}
	if changed("batch-size") {
		spec.BatchSize = f.batchSize
	}
	if changed("rate") {
		spec.Rate = f.rate
	}
	if changed("max-failures") {
		if err := spec.MaxFailures.UnmarshalJSON(fmt.Appendf(nil, "%q", f.maxFailures)); err != nil {
			return job.Errorf(job.KindSpec, "--max-failures", "%w", err)
		}
	}
	if changed("chunk-interval") {
		if err := spec.ChunkInterval.UnmarshalJSON(fmt.Appendf(nil, "%q", f.chunkInterval)); err != nil {
			return job.Errorf(job.KindSpec, "--chunk-interval", "%w", err)
		}
	}
	return nil
}
