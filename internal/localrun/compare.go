package localrun

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"longhaul/job"
)

// differences are between the spec of a running job and another one.
type differences struct {
	// tunable can be changed while the job runs, by the tuning.
	tunable []job.Change
	tuning  job.Tuning
	// others count for a job that is started again.
	others []job.Change
}

func (d differences) none() bool { return len(d.tunable)+len(d.others) == 0 }

// lines are the changes, one a line.
func lines(changes []job.Change) string {
	var b strings.Builder
	for _, change := range changes {
		fmt.Fprintf(&b, "\n  %s", change)
	}
	return b.String()
}

// compare says what would change. The settings are those in force: they may have
// been tuned.
func compare(running job.Spec, inForce job.Settings, spec job.Spec) differences {
	var d differences
	for _, change := range inForce.Changes(spec.Settings()) {
		knob, err := job.KnobNamed(change.What)
		if err != nil || knob.Derived(running) && knob.Derived(spec) {
			continue // a pause is no field of a spec, and a derived value follows another
		}
		knob.Tune(spec, &d.tuning)
		d.tunable = append(d.tunable, change)
	}
	old, fresh := fieldsOf(running), fieldsOf(spec)
	all := maps.Clone(old)
	maps.Copy(all, fresh)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, err := job.KnobNamed(name); err != nil && old[name] != fresh[name] {
			d.others = append(d.others, job.Change{What: name, From: shown(name, old[name]), To: shown(name, fresh[name])})
		}
	}
	return d
}

// command is the one that makes the changes.
func (d differences) command(output string) string {
	var command strings.Builder
	command.WriteString("longhaul tune " + job.ShellQuote(output))
	for _, change := range d.tunable {
		command.WriteString(" --" + strings.ReplaceAll(change.What, "_", "-") + " " + job.ShellQuote(change.To))
	}
	return command.String()
}

// fieldsOf are the fields of a spec as text, by their names with dots.
func fieldsOf(spec job.Spec) map[string]string {
	fields := map[string]string{}
	var tree any
	// Specs marshal.
	data, _ := json.Marshal(spec)
	_ = json.Unmarshal(data, &tree)
	flatten(fields, "", tree)
	return fields
}

func flatten(fields map[string]string, name string, value any) {
	if object, ok := value.(map[string]any); ok {
		for key, inner := range object {
			flatten(fields, strings.TrimPrefix(name+"."+key, "."), inner)
		}
		return
	}
	text, isText := value.(string)
	if !isText {
		data, _ := json.Marshal(value)
		text = string(data)
	}
	fields[name] = text
}

// shown is a field's value as a user may see it: a header can be a key.
func shown(name, text string) string {
	switch {
	case text == "":
		return "not set"
	case strings.HasPrefix(name, "call.http.headers."):
		return "(hidden)"
	}
	return text
}
