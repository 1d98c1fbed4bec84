package failures

import (
	"fmt"

	"longhaul/job"
)

// Command calls failed records again.
type Command struct {
	// Text is the whole command line.
	Text string
	// Records is how many it calls.
	Records int64
}

// Redrives are the commands that call the groups' records again: by status where
// they have one, else by kind. The first is that of the first group.
func Redrives(output string, groups []Group) []Command {
	var commands []Command
	at := map[string]int{}
	for _, group := range groups {
		choice := "--kind " + job.ShellQuote(group.Failure.Kind)
		if group.Failure.Status != 0 {
			choice = fmt.Sprintf("--status %d", group.Failure.Status)
		}
		i, known := at[choice]
		if !known {
			i = len(commands)
			at[choice] = i
			commands = append(commands, Command{Text: "longhaul redrive " + job.ShellQuote(output) + " " + choice})
		}
		commands[i].Records += group.Count
	}
	return commands
}
