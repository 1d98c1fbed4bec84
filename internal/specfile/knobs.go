package specfile

import (
	"github.com/spf13/pflag"

	"longhaul/job"
)

// RegisterKnobs defines a flag for each setting that can be changed while a job runs. The
// values that are given end up in the tuning.
func RegisterKnobs(flags *pflag.FlagSet, tuning *job.Tuning) {
	for _, knob := range job.Knobs {
		flags.Var(&knobFlag{knob: knob, tuning: tuning}, knob.Flag(), knob.Help())
	}
}

// knobFlag is a pflag.Value.
type knobFlag struct {
	knob   job.Knob
	tuning *job.Tuning
	text   string
}

func (f *knobFlag) Set(text string) error {
	f.text = text
	return f.knob.Parse(text, f.tuning)
}

func (f *knobFlag) String() string { return f.text }

func (f *knobFlag) Type() string { return f.knob.Unit() }
