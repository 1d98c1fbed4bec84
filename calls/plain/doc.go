// Package plain fills in the templates that most requests have: texts with fields of the
// record in them, as they stand or escaped for a query. It reads the fields from the record's
// JSON, without decoding the record or executing a template, and says when it cannot: then
// text/template does it. The result is the same; the fuzz test of package calls compares.
//
//   - text.go: a template as a list of pieces
//   - tree.go: a JSON body as such a list
//   - values.go: the values that a record has for them
package plain
