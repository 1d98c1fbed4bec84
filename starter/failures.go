package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"longhaul/internal/display"
	"longhaul/internal/exitcode"
	"longhaul/internal/failures"
	"longhaul/internal/inspect"
	"longhaul/job"
)

// listed is how many groups or records are shown to people by default.
const listed = 20

// errEnough ends a list.
var errEnough = errors.New("enough")

type failuresOptions struct {
	kind, status string
	records      bool
	json         bool
	limit        int64
}

func failuresCommand() *cobra.Command {
	var o failuresOptions
	cmd := &cobra.Command{
		Use:   "failures OUT",
		Short: "Show why records failed: in groups, or one by one",
		Long: `Show why records of an output folder failed. Those that failed in the same way are
one group: same kind, same status, and the same message but for numbers, ids and
quoted values (#). The last line is the command that calls the largest group again.

It can be used while the job runs, and when it was stopped. It changes nothing.`,
		Example: `  longhaul failures out                               the groups, largest first
  longhaul failures out --records --status 404        record by record, with its input
  longhaul failures out --records --json | jq .input  the inputs of all failed records
  longhaul failures out --kind timeout --json         the groups, one line of JSON each`,
		Args: oneArgument("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.limit < 0 {
				return exitcode.Usagef("--limit %d: write 0 for all, or how many", o.limit)
			}
			if !cmd.Flags().Changed("limit") && !o.json {
				o.limit = listed
			}
			return o.show(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	}
	cmd.Flags().StringVar(&o.kind, "kind", "", `only failures of this kind, such as "http", "timeout" or "poison"`)
	cmd.Flags().StringVar(&o.status, "status", "", `only failures with this HTTP status, such as 429 or "5xx"`)
	cmd.Flags().BoolVar(&o.records, "records", false, "list the records instead of the groups")
	cmd.Flags().BoolVar(&o.json, "json", false, "one line of JSON for each group; with --records for each record, as in errors-*.jsonl")
	cmd.Flags().Int64Var(&o.limit, "limit", 0, fmt.Sprintf("groups or records at most, 0 for all (default: %d, with --json all)", listed))
	return cmd
}

func (o *failuresOptions) show(ctx context.Context, w io.Writer, uri string) (err error) {
	chosen := job.RedriveSpec{Kind: o.kind}
	if o.status != "" {
		if err := chosen.Status.UnmarshalJSON([]byte(o.status)); err != nil {
			return exitcode.Usagef("--status: %w", err)
		}
	}
	folder, err := inspect.Open(ctx, uri)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	out := bufio.NewWriter(w)
	defer func() { _ = out.Flush() }() // whoever closed the output does not want the rest
	list := display.NewFailureList(out, display.WidthOf(w), o.limit)
	found, err := folder.Failures(ctx, chosen, func(failed inspect.Failed) error {
		switch {
		case !o.records:
			return nil
		case o.json && o.limit > 0 && list.Shown == o.limit:
			return errEnough
		case o.json:
			return list.Line(failed)
		default:
			return list.Record(failed)
		}
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := job.CheckFailureKind(o.kind, found.Kinds); err != nil {
		return exitcode.Usagef("--kind: %w", err)
	}
	return o.summarize(ctx, list, uri, found)
}

// summarize shows the groups, and what can be done about them.
func (o *failuresOptions) summarize(ctx context.Context, list *display.FailureList, uri string, found inspect.Failures) error {
	if o.json {
		if o.records {
			return nil
		}
		return list.GroupsAsJSON(found.Groups)
	}
	if found.Chosen == 0 {
		list.None(found)
		return nil
	}
	if o.records {
		if more := found.Chosen - list.Shown; more > 0 {
			list.Printf("\nand %s more: --limit 0 shows all", humanize.Comma(more))
		}
		return nil
	}
	list.Head(found)
	list.Groups(found.Groups)
	again := redriveOf(ctx, uri, found.Groups)
	condition := ""
	if found.AtWork {
		condition = ", when the job has ended"
	}
	list.Printf("\nto call %s failed records again%s:\n  %s", humanize.Comma(again.Records), condition, again.Text)
	return nil
}

// redriveOf calls the largest group again. The paths of a worker's job start from its
// root: so does the command.
func redriveOf(ctx context.Context, uri string, groups []failures.Group) failures.Command {
	root, below, err := findRoot(ctx, uri)
	if here, _ := os.Getwd(); err != nil || root == "" || root == here {
		return failures.Redrives(uri, groups)[0]
	}
	command := failures.Redrives(below, groups)[0]
	command.Text = "cd " + job.ShellQuote(root) + " && " + command.Text
	return command
}
