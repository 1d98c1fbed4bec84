package specfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"longhaul/calls"
	"longhaul/job"
)

// Flags are the most used fields of a spec.
type Flags struct {
	set                  *pflag.FlagSet
	input, output        string
	chunkSize, batchSize int64
	tuning               job.Tuning
}

// Register defines the flags. It must be called once, before the command line is parsed.
func (f *Flags) Register(flags *pflag.FlagSet) {
	f.set = flags
	flags.StringVar(&f.input, "input", "", "input file (input.uri)")
	flags.StringVar(&f.output, "output", "", "output folder (output.uri)")
	flags.Int64Var(&f.chunkSize, "chunk-size", 0, "records per chunk at most")
	flags.Int64Var(&f.batchSize, "batch-size", 0, "chunks per flush")
	RegisterKnobs(flags, &f.tuning)
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
	f.Apply(&spec)
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
	fields := map[string]string{"input": "input.uri", "output": "output.uri", "chunk-size": "chunk_size", "batch-size": "batch_size"}
	for _, knob := range job.Knobs {
		fields[knob.Flag()] = knob.Name()
	}
	for flag, field := range fields {
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
func (f *Flags) Apply(spec *job.Spec) {
	changed := f.set.Changed
	if changed("input") {
		spec.Input.URI, spec.Input.Count = f.input, nil
	}
	if changed("output") {
		spec.Output.URI = f.output
	}
	if changed("chunk-size") {
		spec.ChunkSize = f.chunkSize
	}
	if changed("batch-size") {
		spec.BatchSize = f.batchSize
	}
	*spec = spec.Tuned(f.tuning)
}
