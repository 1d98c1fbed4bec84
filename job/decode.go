package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// UnmarshalJSON fills in the defaults of what is not there, and refuses unknown
// fields by name: encoding/json, and with it Temporal's data converter, would
// silently drop a misspelt one. Its error holds all that is wrong.
func (s *Spec) UnmarshalJSON(data []byte) error {
	spec, problems := ReadSpec(data)
	if *s = spec; len(problems) == 0 {
		return nil
	}
	return Joined(append(problems, Unexplained(spec.Problems(), problems)...))
}

// ReadSpec decodes as much of a spec's JSON as fits, and returns everything that
// does not: unknown fields, wrong types. Ranges are for Spec.Problems.
func ReadSpec(data []byte) (Spec, []*Error) {
	type plain Spec
	spec := DefaultSpec()
	var c checker
	fitting := c.check("", data, reflect.TypeFor[Spec]())
	if fitting == nil {
		return spec, c.problems
	}
	if err := json.Unmarshal(fitting, (*plain)(&spec)); err != nil {
		c.found(Errorf(KindSpec, "spec", "%w", err))
	}
	return spec, c.problems
}

// Joined is one error of all problems; nil if there are none.
func Joined(problems []*Error) error {
	if len(problems) == 1 {
		return problems[0]
	}
	errs := make([]error, len(problems))
	for i, problem := range problems {
		errs[i] = problem
	}
	return errors.Join(errs...)
}

// Unexplained are the problems that do not follow from what is known already: a
// call with a misspelt field is not missing too.
func Unexplained(problems, known []*Error) []*Error {
	return slices.DeleteFunc(problems, func(p *Error) bool {
		return slices.ContainsFunc(known, func(k *Error) bool { return within(k.Op, p.Op) })
	})
}

// within says whether a field is the other one or inside it.
func within(field, other string) bool {
	rest, ok := strings.CutPrefix(field, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// checker walks JSON along a Go type and collects what does not fit.
type checker struct{ problems []*Error }

func (c *checker) found(problem *Error) { c.problems = append(c.problems, problem) }

// check returns the JSON without what does not fit; nil if nothing is left.
func (c *checker) check(path string, data []byte, t reflect.Type) json.RawMessage {
	null := string(bytes.TrimSpace(data)) == "null"
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	object := t.Kind() == reflect.Struct && t != reflect.TypeFor[FailureLimit]() && t != reflect.TypeFor[Body]()
	switch {
	case null && object:
		return nil
	case null:
		c.found(Errorf(KindSpec, path, "has no value").WithHint("give one, or leave the field out"))
		return nil
	case object, t.Kind() == reflect.Map:
		return c.checkObject(path, data, t)
	case t.Kind() == reflect.Slice:
		return c.checkList(path, data, t.Elem())
	default:
		return c.checkValue(path, data, t)
	}
}

func (c *checker) checkObject(path string, data []byte, t reflect.Type) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		c.found(Errorf(KindSpec, orSpec(path), "must be a JSON object"))
		return nil
	}
	fitting := map[string]json.RawMessage{}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			c.found(Errorf(KindSpec, orSpec(path), "%w", err))
			return nil
		}
		if seen[name] {
			c.found(Errorf(KindSpec, join(path, name), "is there twice").WithHint("keep one of them"))
			continue
		}
		seen[name] = true
		if path == "" && name == "parallelism" {
			value = c.parallelism(value, fitting, seen)
		}
		field, ok := fieldOf(t, name)
		if !ok {
			c.found(unknownField(path, name, t))
		} else if value != nil {
			value = c.check(join(path, name), value, field)
		}
		if ok && value != nil {
			fitting[name] = value
		}
	}
	return encodeTree(fitting)
}

func (c *checker) checkList(path string, data []byte, t reflect.Type) json.RawMessage {
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		c.found(Errorf(KindSpec, path, "must be a list"))
		return nil
	}
	fitting := []json.RawMessage{}
	for i, element := range elements {
		fitting = append(fitting, c.check(fieldAt(path, i), element, t))
	}
	if slices.ContainsFunc(fitting, func(element json.RawMessage) bool { return element == nil }) {
		return nil // the numbers of the others would change
	}
	return encodeTree(fitting)
}

func (c *checker) checkValue(path string, data []byte, t reflect.Type) json.RawMessage {
	err := json.Unmarshal(data, reflect.New(t).Interface())
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return data
	case errors.As(err, &wrongType):
		problem := Errorf(KindSpec, path, "found a JSON %s where a %s belongs", wrongType.Value, goKind(t))
		if t.Kind() == reflect.Bool {
			problem = problem.WithHint("write true or false")
		}
		c.found(problem)
	default:
		c.found(Errorf(KindSpec, path, "%w", err))
	}
	return nil
}

// decode is for a part of a spec that is decoded by itself.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return Errorf(KindSpec, wrongType.Field, "found a JSON %s where a %s belongs", wrongType.Value, goKind(wrongType.Type))
	}
	return err
}

func goKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Struct, reflect.Map:
		return "JSON object"
	default:
		return t.Kind().String()
	}
}

func unknownField(path, name string, t reflect.Type) *Error {
	err := Errorf(KindSpec, join(path, name), "unknown field")
	if near := nearest(name, fieldNames(t)); near != "" {
		err.Err = fmt.Errorf("unknown field, did you mean %s?", near)
		return err
	}
	return err.WithHint("the fields here are %s", strings.Join(fieldNames(t), ", "))
}

// fieldOf is the type of a struct's field, or of a map's values.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for i := range t.NumField() {
		if jsonName(t.Field(i)) == name {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = jsonName(t.Field(i))
	}
	return names
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fieldAt(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }

func orSpec(path string) string {
	if path == "" {
		return "spec"
	}
	return path
}
