package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"longhaul/calls"
	"longhaul/job"
)

// specFlags are the most used fields of a spec.
type specFlags struct {
	input, output, chunkInterval, maxFailures string
	parallelism                               int
	chunkSize, batchSize                      int64
	rate                                      float64
}

func (f *specFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.input, "input", "", "input file (input.uri)")
	flags.StringVar(&f.output, "output", "", "output folder (output.uri)")
	flags.IntVar(&f.parallelism, "parallelism", 0, "calls in flight, all workers together")
	flags.Int64Var(&f.chunkSize, "chunk-size", 0, "records per chunk at most")
	flags.StringVar(&f.chunkInterval, "chunk-interval", "", `least time between the starts of two chunks, such as "500ms"`)
	flags.Int64Var(&f.batchSize, "batch-size", 0, "chunks per flush")
	flags.StringVar(&f.maxFailures, "max-failures", "", `failed records before the job stops, such as "100" or "5%"`)
	flags.Float64Var(&f.rate, "rate", 0, "calls started per second at most, all workers together")
}

// load reads a spec, JSON or YAML, from a file or "-", and puts the flags that
// were given on top. Its error is everything that is wrong with the spec.
func (f *specFlags) load(cmd *cobra.Command, file string) (job.Spec, error) {
	data, err := readSpec(cmd, file)
	if err != nil {
		return job.Spec{}, err
	}
	read := readSpecFile(file, data)
	if read.json == nil {
		return job.Spec{}, read.err()
	}
	spec, problems := job.ReadSpec(read.json)
	read.add(problems, nil)
	if err := f.apply(cmd, &spec); err != nil {
		return spec, err
	}
	for _, p := range read.problems {
		problems = append(problems, p.Error)
	}
	read.add(job.Unexplained(spec.Problems(), problems), f.given(cmd))
	read.add(calls.Check(spec.Call), nil)
	read.add(outputProblem(spec), f.given(cmd))
	return spec, read.err()
}

// given are the flags on the command line, by the field that they set.
func (f *specFlags) given(cmd *cobra.Command) map[string]string {
	flags := map[string]string{}
	for flag, field := range map[string]string{
		"input": "input.uri", "output": "output.uri", "parallelism": "parallelism", "chunk-size": "chunk_size", "batch-size": "batch_size",
		"rate": "rate", "max-failures": "max_failures", "chunk-interval": "chunk_interval",
	} {
		if cmd.Flags().Changed(flag) {
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

func readSpec(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	data, err := os.ReadFile(file)
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return nil, job.Errorf(job.KindSpec, file, "the job spec cannot be read: %w", pathError.Err)
	}
	return data, err
}

func (f *specFlags) apply(cmd *cobra.Command, spec *job.Spec) error {
	changed := cmd.Flags().Changed
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
			return &usageError{fmt.Errorf("--max-failures: %w", err)}
		}
	}
	if changed("chunk-interval") {
		if err := spec.ChunkInterval.UnmarshalJSON(fmt.Appendf(nil, "%q", f.chunkInterval)); err != nil {
			return &usageError{fmt.Errorf("--chunk-interval: %w", err)}
		}
	}
	return nil
}

// absolutePaths makes the job independent of the directory it is started from.
func absolutePaths(spec *job.Spec) error {
	for _, uri := range []*string{&spec.Input.URI, &spec.Output.URI} {
		if *uri == "" || strings.Contains(*uri, "://") {
			continue
		}
		absolute, err := filepath.Abs(*uri)
		if err != nil {
			return err
		}
		*uri = absolute
	}
	return nil
}

// twoArguments is cobra.ExactArgs(2) with a word about what is missing.
func twoArguments(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return &usageError{fmt.Errorf("%s needs %s and %s, got %d arguments; see longhaul %s --help", cmd.Name(), first, second, len(args), cmd.CommandPath()[len("longhaul "):])}
		}
		return nil
	}
}

// oneArgument is cobra.ExactArgs(1) with a word about what is missing.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("%s needs one %s, got %d; see longhaul %s --help", cmd.Name(), what, len(args), cmd.Name())}
		}
		return nil
	}
}
