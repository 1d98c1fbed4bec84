package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// UnmarshalJSON fills in the defaults of what is not there, and refuses unknown
// fields by name: encoding/json, and with it Temporal's data converter, would
// silently drop a misspelt one.
func (s *Spec) UnmarshalJSON(data []byte) error {
	type plain Spec
	*s = DefaultSpec()
	if err := checkFields("", data, reflect.TypeFor[Spec]()); err != nil {
		return err
	}
	return decode(data, (*plain)(s))
}

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

// checkFields walks the JSON along the Go type and names the first field that
// is not there.
func checkFields(path string, data []byte, t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[StatusPattern]() {
		return checkElements(path, data, t.Elem())
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[FailureLimit]() || t == reflect.TypeFor[Body]() {
		return checkValue(path, data, t)
	}
	known := fieldsOf(t)
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
			return nil
		}
		return Errorf(KindSpec, orSpec(path), "must be a JSON object")
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return Errorf(KindSpec, orSpec(path), "%w", err)
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return Errorf(KindSpec, join(path, name), "%w", err)
		}
		field, ok := known[name]
		if !ok {
			return unknownField(path, name, t)
		}
		if err := checkFields(join(path, name), value, field); err != nil {
			return err
		}
	}
	return nil
}

func checkElements(path string, data []byte, t reflect.Type) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		return Errorf(KindSpec, path, "must be a list")
	}
	for i, element := range elements {
		if err := checkValue(fmt.Sprintf("%s[%d]", path, i), element, t); err != nil {
			return err
		}
	}
	return nil
}

// checkValue lets our own scalar types speak with the field's name in front.
func checkValue(path string, data []byte, t reflect.Type) error {
	value, ok := reflect.New(t).Interface().(json.Unmarshaler)
	if !ok {
		return nil
	}
	if bytes.Equal(data, []byte("null")) {
		return Errorf(KindSpec, path, "has no value").WithHint("give one, or leave the field out")
	}
	if err := value.UnmarshalJSON(data); err != nil {
		return Errorf(KindSpec, path, "%w", err)
	}
	return nil
}

func unknownField(path, name string, t reflect.Type) error {
	err := Errorf(KindSpec, join(path, name), "unknown field")
	if near := nearest(name, fieldNames(t)); near != "" {
		err.Err = fmt.Errorf("unknown field, did you mean %s?", near)
		return err
	}
	return err.WithHint("the fields here are %s", strings.Join(fieldNames(t), ", "))
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		fields[jsonName(t.Field(i))] = t.Field(i).Type
	}
	return fields
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

func orSpec(path string) string {
	if path == "" {
		return "spec"
	}
	return path
}
