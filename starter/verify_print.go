package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"longhaul/internal/inspect"
	"longhaul/internal/runfile"
	"longhaul/internal/verify"
	"longhaul/job"
)

// againCommand starts the job of an output folder again, as far as that is known.
func againCommand(ctx context.Context, output string) (string, error) {
	run, err := runfile.Read(ctx, output)
	if job.KindOf(err) == job.KindOutput {
		return "longhaul run SPEC", nil // it is damaged: no answer depends on it
	}
	if err != nil {
		return "", err
	}
	if run == nil {
		return "longhaul start SPEC --id " + workflowOf(ctx, output), nil
	}
	return run.ResumeCommand(), nil
}

// workflowOf is the id of the workflow that has written an output last, as far as that is
// known.
func workflowOf(ctx context.Context, output string) string {
	const unknown = "ID"
	folder, err := inspect.Open(ctx, output)
	if err != nil {
		return unknown
	}
	// It was only read.
	defer func() { _ = folder.Close() }()
	epoch, err := folder.Claims.Epoch(ctx)
	if err != nil || epoch == 0 {
		return unknown
	}
	owner, err := folder.Claims.Owner(ctx, epoch)
	if err != nil || owner.WorkflowID == "" {
		return unknown
	}
	return job.ShellQuote(owner.WorkflowID)
}

// printVerification says what is wrong with the output in a folder, and which command fixes
// it; again is the one that starts the job again.
func printVerification(w io.Writer, v *verify.Result, output, again string) {
	fix := fixOf(v.Problems, output, again)
	for _, problem := range v.Problems {
		if len(v.Problems) == 1 && fix != "" {
			fmt.Fprintf(w, "wrong: %s; fix it with: %s\n", problem, fix)
			continue
		}
		fmt.Fprintf(w, "wrong: %s\n", problem)
	}
	if v.More > 0 {
		fmt.Fprintf(w, "wrong: %s more things\n", humanize.Comma(v.More))
	}
	if len(v.Problems) > 1 && fix != "" {
		fmt.Fprintf(w, "fix what is listed with: %s\n", fix)
	}
	if !v.Finished {
		for _, missing := range v.Missing {
			fmt.Fprintf(w, "missing: %s\n", missing)
		}
		fmt.Fprintf(w, "not finished: there is no _SUCCESS\n")
	}
	for _, note := range v.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	verdict := "refuted"
	if v.Proven() {
		verdict = "proven: every record is there exactly once, in order"
	} else if len(v.Problems) == 0 {
		verdict = "incomplete: what is committed is right; start the job again with the same output to go on"
	}
	fmt.Fprintf(w, "%s of %s records in parts (%s succeeded, %s failed, %s calls): %s\n",
		humanize.Comma(v.Done()), humanize.Comma(v.Records), humanize.Comma(v.Succeeded), humanize.Comma(v.Failed),
		humanize.Comma(v.Calls()), verdict)
}

// fixOf is one command for all problems; empty if one of them must be fixed in another way
// first.
func fixOf(problems []verify.Problem, output, again string) string {
	var remove, commands []string
	start := false
	for _, problem := range problems {
		if len(problem.Remove) == 0 && !problem.Again {
			return ""
		}
		for _, name := range problem.Remove {
			if path := job.ShellQuote(filepath.Join(output, name)); !slices.Contains(remove, path) {
				remove = append(remove, path)
			}
		}
		start = start || problem.Again
	}
	if len(remove) > 0 {
		commands = append(commands, "rm "+strings.Join(remove, " "))
	}
	if start {
		commands = append(commands, again)
	}
	return strings.Join(commands, " && ")
}
