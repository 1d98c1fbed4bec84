package job

import (
	"fmt"
	"strings"
)

// Knob is a setting that can be changed while a job runs.
type Knob interface {
	// Name is that of the field in Spec, Tuning and Settings.
	Name() string
	// Flag is the name with dashes, as on the command line.
	Flag() string
	// Unit is what the value counts, Help what it limits.
	Unit() string
	Help() string
	// Parse puts the value that the text says into the tuning. Whether the value is in
	// range, Spec.Validate says.
	Parse(text string, into *Tuning) error
	// Tune puts the spec's value into the tuning.
	Tune(from Spec, into *Tuning)
	// Derived says whether the value follows that of another field of the spec.
	Derived(Spec) bool
	// Text is the value in force, as Parse reads it.
	Text(Settings) string

	isSet(Tuning) bool
	apply(*Spec, Tuning)
	merge(into *Tuning, later Tuning)
	copy(into *Settings, from Spec)
	differs(a, b Settings) bool
	problem(Spec) *Error
}

// row is a Knob whose values are of type T.
type row[T comparable] struct {
	name, unit, help string
	value            func(Spec) T
	set              func(*Spec, T)
	tuning           func(*Tuning) **T
	settings         func(*Settings) *T
	parse            func(string) (T, error)
	// into takes the place of parse where a text may say more than one value.
	into  func(text string, into *Tuning) error
	check func(T) *Error
	// derived is nil for a value that never follows another one.
	derived func(Spec) bool
}

func (r row[T]) Name() string           { return r.name }
func (r row[T]) Flag() string           { return strings.ReplaceAll(r.name, "_", "-") }
func (r row[T]) Unit() string           { return r.unit }
func (r row[T]) Help() string           { return r.help }
func (r row[T]) Derived(s Spec) bool    { return r.derived != nil && r.derived(s) }
func (r row[T]) Text(s Settings) string { return fmt.Sprint(*r.settings(&s)) }

func (r row[T]) Parse(text string, into *Tuning) error {
	if r.into != nil {
		return r.into(text, into)
	}
	value, err := r.parse(text)
	if err == nil {
		*r.tuning(into) = &value
	}
	return err
}

func (r row[T]) Tune(from Spec, into *Tuning) {
	value := r.value(from)
	*r.tuning(into) = &value
}

func (r row[T]) isSet(t Tuning) bool { return *r.tuning(&t) != nil }

func (r row[T]) apply(s *Spec, t Tuning) {
	if value := *r.tuning(&t); value != nil {
		r.set(s, *value)
	}
}

func (r row[T]) merge(into *Tuning, later Tuning) {
	if value := *r.tuning(&later); value != nil {
		*r.tuning(into) = value
	}
}

func (r row[T]) copy(into *Settings, from Spec) { *r.settings(into) = r.value(from) }

func (r row[T]) differs(a, b Settings) bool { return *r.settings(&a) != *r.settings(&b) }

func (r row[T]) problem(s Spec) *Error { return r.check(r.value(s)) }
